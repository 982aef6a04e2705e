//! The tests of the core, on a platform or under a sanitizer.

use anyhow::{Result, ensure};

use super::{PATIENCE, on, skipped, skips};
use crate::cargo::Call;
use crate::metadata::Metadata;
use crate::test::{Counts, core_features};

/// Test files that call cargo, which is not there under another system.
const NEED_CARGO: [&str; 4] = ["ui", "packages", "build_script", "readme"];

/// Which tests are run, and how. By default all of them, in the environment of this process.
#[derive(Default)]
pub(super) struct Selection<'a> {
    /// Their programs, `lib` for the unit tests; none is all.
    pub(super) programs: &'a [&'a str],
    pub(super) environment: Vec<(&'static str, String)>,
    /// Tests that are not run: the program, and the test's name in it.
    pub(super) left_out: &'a [(&'a str, &'a str)],
}

/// Runs the tests of the core on a target of the tool's, or here: each program by a call of its own, so that one which hangs
/// is named and takes the others nothing.
///
/// # Errors
///
/// If a test fails or a program hangs, or one that is left out does not exist.
pub(super) fn test(target: &str, selection: &Selection<'_>, metadata: &Metadata) -> Result<String> {
    let Selection { programs: chosen, environment, left_out } = selection;
    let features = core_features(metadata)?;
    let of_core = |verb: &'static str, more: &[&str]| {
        let call = on(target, &[verb, "--package", "sundown", "--package", "sundown-tests", "--features", &features])?;
        Some(environment.iter().fold(call.args(more), |call, (name, value)| call.env(name, value)))
    };
    let files = metadata.targets("sundown-tests", "test")?;
    let (need_cargo, files): (Vec<&str>, Vec<&str>) =
        files.iter().map(String::as_str).partition(|name| NEED_CARGO.contains(name));
    let mut programs: Vec<&str> = ["lib", "plain_threads"].into_iter().chain(files).collect();
    for name in left_out.iter().map(|(program, _)| program).chain(*chosen) {
        ensure!(programs.contains(name), "there is no test program `{name}`");
    }
    programs.retain(|name| chosen.is_empty() || chosen.contains(name));
    let all: Vec<&str> = programs.iter().flat_map(|program| flags(program)).collect();
    let Some(build) = of_core("test", &["--no-run"]) else { return Ok(skipped(target)) };
    if let Some(why) = skips(build.args(&all), &["sundown`"])? {
        return Ok(why);
    }
    // A DLL, which cargo does not build when its command names the tests to run.
    of_core("build", &["--example", "unloaded"]).map_or(Ok(()), Call::check)?;
    let mut total = Counts::default();
    let mut failed = Vec::new();
    let mut without = if chosen.is_empty() {
        need_cargo.iter().map(|name| format!(", without {name}")).collect()
    } else {
        String::new()
    };
    for program in programs {
        let skipped: Vec<&str> = left_out.iter().filter(|(of, _)| *of == program).map(|(_, test)| *test).collect();
        let mut counts = Counts::default();
        let result = of_core("test", &flags(program)).map_or(Ok(()), |call| {
            let call = if skipped.is_empty() { call } else { call.args(["--", "--exact"]) };
            let call = call.args(skipped.iter().flat_map(|test| ["--skip", test]));
            call.check_seeing_within(PATIENCE, |line| counts.see(line))?;
            ensure!(counts.filtered == skipped.len(), "one of the tests that are left out does not exist: {skipped:?}");
            Ok(())
        });
        if let Err(error) = result {
            eprintln!("error: {error:#}");
            failed.push(format!("{program}: {error:#}"));
        }
        total.add(&counts);
        without.extend(skipped.iter().map(|test| format!(", without {program}::{test}")));
    }
    ensure!(total.passed + total.failed > 0, "it ran no tests\n{}", failed.join("\n"));
    ensure!(failed.is_empty(), "{total}\n{}\n{}", failed.join("\n"), total.failures.join("\n"));
    Ok(format!("{total}{without}"))
}

/// What tells cargo to run a test program.
fn flags(program: &str) -> Vec<&str> {
    if program == "lib" { vec!["--lib"] } else { vec!["--test", program] }
}
