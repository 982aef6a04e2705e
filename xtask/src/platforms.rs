//! `cargo xtask platforms`: which features of the core are checked and tested on which platform.
//!
//! std for other platforms is built from source by a tool beside the project, `../shared/targets/on TARGET CARGO-ARGUMENTS…`,
//! or the one that `SUNDOWN_TARGETS` names; its exit status 3 says that something is not to be had here. Where it is missing,
//! the steps say that they were skipped.

mod example;
mod musl;
mod python;
mod sanitizers;
mod table;
mod tests_of_core;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::Args;

use self::table::{Cell, Table};
use self::tests_of_core::{Selection, test};
use crate::cargo::{Call, cargo, root};
use crate::metadata::Metadata;
use crate::steps::Steps;
use crate::test::core_features;

/// What is run.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Only the type-checks.
    #[arg(long)]
    check: bool,
    /// The tests of the core under ThreadSanitizer and AddressSanitizer, and nothing else.
    #[arg(long)]
    sanitizers: bool,
    /// Only platforms whose names contain this.
    filter: Option<String>,
}

/// A platform of the table in the README.
struct Platform {
    target: &'static str,
    /// What its tests run under, if they can be run.
    tested: Option<&'static str>,
    /// Features that are a compile error there.
    without: &'static [&'static str],
    /// Whether `test --full` checks its types. A few have nearly each `cfg` of the core (FreeBSD has two files of its own): std
    /// is built for each foreign one, which takes a minute of CPU time in a fresh clone.
    in_ci: bool,
}

const PLATFORMS: [Platform; 6] = [
    Platform { target: HOST, tested: Some(""), without: &[], in_ci: true },
    Platform { target: "x86_64-unknown-linux-musl", tested: None, without: &[], in_ci: false },
    Platform { target: "aarch64-apple-darwin", tested: None, without: &[], in_ci: true },
    Platform { target: "x86_64-unknown-freebsd", tested: None, without: &[], in_ci: false },
    Platform { target: "x86_64-pc-windows-msvc", tested: None, without: &[], in_ci: false },
    Platform { target: "x86_64-pc-windows-gnu", tested: Some("wine"), without: &[], in_ci: true },
];

/// Where CI runs. It needs no tool.
const HOST: &str = "x86_64-unknown-linux-gnu";

/// One test program is over by then, under Wine and a sanitizer too, on a machine that is busy, or it hangs.
const PATIENCE: Duration = Duration::from_secs(1800);

/// Features whose tests need signals or sockets of Unix: elsewhere a run of the tests says no more of them than a check.
const TESTED_ON_UNIX: [&str; 4] = ["http", "progress", "run", "systemd"];

/// Cargo's exit status where a package does not compile.
const CARGO_FAILED: i32 = 101;

/// The exit status of the tool where something is not to be had, and that of apt-get, which it calls, where a mirror does not
/// answer.
const NOT_TO_BE_HAD: [i32; 2] = [3, 100];

/// No columns: a name for other features, what is there for `sundown-python` alone, and what needs a flag of rustc's. They are
/// checked all the same.
const HIDDEN: [&str; 3] = ["default", "host-hooks", "taskdump"];

/// Runs the checks and tests, prints the table, and compares it with the README's.
///
/// # Errors
///
/// If a check or a test fails, or the README says something else.
pub(crate) fn run(options: &Options) -> Result<()> {
    let metadata = Metadata::load()?;
    let mut steps = Steps::default();
    if options.sanitizers {
        sanitizers::run(&[], &metadata, &mut steps);
        return steps.finish();
    }
    let chosen = |platform: &&Platform| options.filter.as_ref().is_none_or(|part| platform.target.contains(part));
    let platforms: Vec<&Platform> = PLATFORMS.iter().filter(chosen).collect();
    ensure!(!platforms.is_empty(), "the platforms are {}", PLATFORMS.map(|platform| platform.target).join(", "));
    let extent = if options.check { Extent::Types } else { Extent::All };
    table(&platforms, extent, &metadata, &mut steps)?;
    steps.finish()
}

/// The type-checks of a few platforms and a few test programs under the sanitizers, as steps of `test --full`. With
/// `SUNDOWN_SANITIZERS=1` in the environment, all programs.
///
/// # Errors
///
/// If the workspace cannot be read. A check or a test that fails is in the steps.
pub(crate) fn run_few(steps: &mut Steps) -> Result<()> {
    let platforms: Vec<&Platform> = PLATFORMS.iter().filter(|platform| platform.in_ci).collect();
    let metadata = Metadata::load()?;
    table(&platforms, Extent::Few, &metadata, steps)?;
    let all = std::env::var_os("SUNDOWN_SANITIZERS").is_some_and(|value| !value.is_empty());
    sanitizers::run(if all { &[] } else { sanitizers::FEW }, &metadata, steps);
    Ok(())
}

/// How much is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// The types, as in `test --full`: of the tests and of the Python side those for Windows, for which there are files of its
    /// own.
    Few,
    /// All types.
    Types,
    /// The tests too.
    All,
}

/// Runs the checks, and the tests too if `extent` is all. Prints the table, and compares it with the README's.
fn table(platforms: &[&Platform], extent: Extent, metadata: &Metadata, steps: &mut Steps) -> Result<()> {
    let check_only = extent != Extent::All;
    let features = features(metadata)?;
    let mut table = Table::new(features.clone());
    for platform in platforms {
        let target = platform.target;
        let mut compiles = false;
        steps.run(format!("{target}: types"), || {
            let note = check(platform, metadata)?;
            compiles = note.is_none();
            Ok(note.unwrap_or_default())
        });
        // What a step says that has nothing to run.
        let unless = |test: &dyn Fn() -> Result<String>| if compiles { test() } else { Ok(UNCHECKED.to_owned()) };
        let mut tested = false;
        if platform.tested.is_some() && !check_only {
            steps.run(format!("{target}: tests"), || {
                let note = unless(&|| test(target, &Selection::default(), metadata))?;
                tested = compiles;
                Ok(note)
            });
        }
        let has_more = target != HOST && (extent != Extent::Few || target.contains("windows"));
        if has_more && !(platform.tested.is_some() && extent == Extent::All) {
            steps.run(format!("{target}: types of the tests"), || unless(&|| check_tests(target, metadata)));
        }
        if has_more {
            steps.run(format!("{target}: types of the Python side"), || python::check(target, extent == Extent::Few));
        }
        if target == musl::TARGET && !check_only {
            steps.run(format!("{target}: static programs"), || unless(&|| musl::run(metadata)));
        }
        if target.ends_with("windows-gnu") && !check_only {
            steps.run(format!("{target}: the imports of modules"), || python::imports(target));
            steps.run(format!("{target}: examples/runner"), || example::run(target));
        }
        let is_run = compiles && (tested || platform.tested.is_none() || check_only);
        table.add(target, is_run.then(|| features.iter().map(|name| platform.cell(name, tested)).collect()));
    }
    println!("\n{table}");
    steps.run("the table in the README", || {
        let readme = std::fs::read_to_string(root().join("README.md"))?;
        table.compare(&readme, check_only)
    });
    Ok(())
}

impl Platform {
    /// What is known of a feature, where everything has passed that was run.
    fn cell(&self, feature: &str, tests: bool) -> Cell {
        match self.tested {
            _ if self.without.contains(&feature) => Cell::Absent,
            Some("wine") if TESTED_ON_UNIX.contains(&feature) => Cell::Checked,
            Some(under) if tests => Cell::Tested(under),
            _ => Cell::Checked,
        }
    }
}

/// The columns of the table.
fn features(metadata: &Metadata) -> Result<Vec<String>> {
    Ok(metadata.features("sundown")?.into_keys().filter(|name| !HIDDEN.contains(&name.as_str())).collect())
}

/// Checks `sundown` alone, with no other crate's features: nothing, and all that the platform can have. A warning is an
/// error. `Some` says why it was skipped.
fn check(platform: &Platform, metadata: &Metadata) -> Result<Option<String>> {
    let features = metadata.features("sundown")?;
    let features: Vec<&str> =
        features.keys().map(String::as_str).filter(|name| !platform.without.contains(name)).collect();
    for features in [String::new(), features.join(",")] {
        let arguments = ["check", "--package", "sundown", "--no-default-features", "--features", &features];
        let Some(call) = on(platform.target, &arguments) else { return Ok(Some(skipped(platform.target))) };
        if let Some(why) = skips(call, &["sundown`"])? {
            return Ok(Some(why));
        }
    }
    Ok(None)
}

/// Checks the tests of the core, so that they can be run there. A warning is an error.
fn check_tests(target: &str, metadata: &Metadata) -> Result<String> {
    let features = core_features(metadata)?;
    let arguments = [
        "check",
        "--package",
        "sundown",
        "--package",
        "sundown-tests",
        "--lib",
        "--bins",
        "--tests",
        "--features",
        &features,
    ];
    let Some(call) = on(target, &arguments) else { return Ok(skipped(target)) };
    Ok(skips(call, &["sundown`", "sundown-tests`"])?.unwrap_or_default())
}

/// Compiles. `Some` says why that was skipped.
///
/// # Errors
///
/// If something does not compile, or a package of `ours` compiles with a warning: one whose name, with the backtick behind it,
/// begins like that.
fn skips(call: Call, ours: &[&str]) -> Result<Option<String>> {
    let (code, errors) = call.env("CARGO_TERM_COLOR", "never").seeing_errors()?;
    match code {
        Some(0) => {
            let warns = |name: &&str| errors.contains(&format!("warning: `{name}"));
            ensure!(!ours.iter().any(warns), "it compiles with warnings");
        }
        Some(CARGO_FAILED) => bail!("it does not compile"),
        Some(code) if NOT_TO_BE_HAD.contains(&code) => {
            return Ok(Some(format!("skipped: {}", errors.lines().last().unwrap_or_default())));
        }
        Some(code) => bail!("cargo did not run: exit status {code}"),
        None => bail!("it was killed"),
    }
    Ok(None)
}

/// The note of a step whose platform was skipped, or does not compile.
const UNCHECKED: &str = "skipped: its types were not checked";

fn skipped(target: &str) -> String {
    format!("skipped: {target} needs ../shared/targets/on, or SUNDOWN_TARGETS")
}

/// A call of cargo for a target; none if there is no tool for it.
fn on(target: &str, arguments: &[&str]) -> Option<Call> {
    if target == HOST {
        return Some(cargo(arguments));
    }
    let tool = std::env::var_os("SUNDOWN_TARGETS").map_or_else(|| root().join("../shared/targets/on"), PathBuf::from);
    // Of the toolchain that this was built by.
    let ours = ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"];
    let call = tool.exists().then(|| Call::new(tool).args([target]).args(arguments))?;
    Some(ours.into_iter().fold(call, Call::without))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A feature or a platform that is new is in the README too, and none that is gone; and nothing is said to be tested that
    /// is not.
    #[test]
    fn its_table_has_all_platforms_and_features() {
        let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
        let features = features(&Metadata::load().unwrap()).unwrap();
        let written = table::parse(&readme, &features).unwrap();
        let cells = |platform: &Platform| features.iter().map(|name| platform.cell(name, true).to_string()).collect();
        let platforms: BTreeMap<String, Vec<String>> =
            PLATFORMS.iter().map(|platform| (platform.target.to_owned(), cells(platform))).collect();
        assert_eq!(written, platforms);
    }
}
