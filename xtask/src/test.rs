//! `cargo xtask test`.
//!
//! By `cargo test` and not by nextest, although that writes JUnit files: it would be compiled first in a fresh clone, and
//! runs no doctests.

mod counts;
mod ui;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

pub(crate) use self::counts::{Counts, end_of};
use crate::cargo::{Call, cargo, target};
use crate::exit_stress;
use crate::metadata::Metadata;
use crate::platforms;
use crate::python::{self, DEMO, Interpreter, RUNTIME, Suite};
use crate::steps::Steps;

/// Keeps PyO3 from linking a libpython, as in an extension module.
pub(crate) const UNLINKED: &str = "PYO3_BUILD_EXTENSION_MODULE";

const TEST: [&str; 2] = ["test", "--no-fail-fast"];

/// Which tests are run.
#[derive(Args)]
pub(crate) struct Options {
    /// Only tests whose names contain this.
    filter: Option<String>,
    /// Every test, as in CI: also doctests, all compile errors, without default features, loom models, pytest on every
    /// interpreter in `SUNDOWN_PYTHONS` (on the newest with both kinds of build), older versions of PyO3, the types for a few
    /// other platforms, a few test programs under the sanitizers (all with `SUNDOWN_SANITIZERS=1`), and every run of the
    /// exit-stress scenarios, which are run once more with a module that calls no `install`.
    #[arg(long)]
    full: bool,
    /// Writes the counts to this file too.
    #[arg(long)]
    summary: Option<PathBuf>,
    /// Passed on to the test binaries.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Runs the tests; with a filter, those whose names contain it. A failure if a test fails, does not compile, or if a step
/// finds no test although there is no filter. The counts are the last line in any case.
///
/// # Errors
///
/// If the counts cannot be written to the file.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut run = Run::new(options.filter.as_deref());
    run.rust(options)?;
    if options.full {
        let interpreters = run.interpreters(python::interpreters);
        run.pytest(&interpreters);
        // What they run is chosen, and so a filter chooses none of it.
        if let (Some(newest), None) = (interpreters.last(), &options.filter) {
            run.older_pyo3(newest);
        }
        if options.filter.is_none() {
            platforms::run_few(&mut run.steps)?;
        }
        for interpreter in &interpreters {
            run.exits(interpreter, None, false);
            run.exits(interpreter, Some(1), true);
        }
    } else {
        for interpreter in run.interpreters(|| Ok(vec![python::newest()?])) {
            run.suite(RUNTIME, &interpreter, true);
            run.suite(DEMO, &interpreter, true);
            run.exits(&interpreter, Some(1), false);
        }
    }
    let (line, exit_code) = run.finish();
    if let Some(path) = &options.summary {
        std::fs::write(path, format!("{line}\n")).with_context(|| path.display().to_string())?;
    }
    println!("{line}");
    Ok(exit_code)
}

/// Runs pytest alone, as `test --full` does.
pub(crate) fn pytest(filter: Option<&str>) -> ExitCode {
    let mut run = Run::new(filter);
    let interpreters = run.interpreters(python::interpreters);
    run.pytest(&interpreters);
    let (line, exit_code) = run.finish();
    println!("{line}");
    exit_code
}

/// Checks the older versions of PyO3 alone, as `test --full` does.
pub(crate) fn older_pyo3() -> ExitCode {
    let mut run = Run::new(None);
    for interpreter in run.interpreters(|| Ok(vec![python::newest()?])) {
        run.older_pyo3(&interpreter);
    }
    let (line, exit_code) = run.finish();
    println!("{line}");
    exit_code
}

/// All features of the core, as `package/feature,…`.
pub(crate) fn core_features(metadata: &Metadata) -> Result<String> {
    let features = metadata.features("sundown")?.into_keys();
    Ok(features.map(|name| format!("sundown/{name}")).collect::<Vec<_>>().join(","))
}

/// With loom's types in place of std's.
pub(crate) fn with_loom(call: Call) -> Call {
    with_cfg(call, "sundown_loom", "loom")
}

/// In a target directory of its own, because a flag of rustc's concerns every crate.
fn with_cfg(call: Call, cfg: &str, folder: &str) -> Call {
    call.flags("RUSTFLAGS", &format!("--cfg {cfg}")).env("CARGO_TARGET_DIR", target().join(folder))
}

/// What was run so far, and how it went.
struct Run<'a> {
    filter: Option<&'a str>,
    steps: Steps,
    total: Counts,
}

impl<'a> Run<'a> {
    fn new(filter: Option<&'a str>) -> Self {
        Run { filter, steps: Steps::default(), total: Counts::default() }
    }

    /// What cargo runs.
    fn rust(&mut self, options: &Options) -> Result<()> {
        let (full, arguments) = (options.full, options.arguments.as_slice());
        let metadata = Metadata::load()?;
        let features = core_features(&metadata)?;
        let excluded = metadata.python_packages();
        let members = |command: &[&str]| {
            let exclude = excluded.iter().flat_map(|package| ["--exclude", package]);
            cargo(command).args(["--workspace", "--features", &features]).args(exclude)
        };
        // These link no libpython, if PyO3 believes that there is none.
        let unlinked = |arguments: &[&str]| cargo(["test", "--all-features"]).args(arguments).env(UNLINKED, "1");

        // Among the targets of a test they are built as tests, and not as what a test of theirs runs.
        self.steps
            .run("examples", || members(&["build", "--quiet"]).args(["--examples"]).check().map(|()| String::new()));
        let targets = ["--lib", "--bins", "--tests", "--examples"];
        self.cargo("unit, integration and golden tests", members(&TEST).args(targets), &[ui::SKIPPED], arguments);
        for group in ui::groups(self.filter, full)? {
            self.cargo_unfiltered(group.name, members(&TEST).args(["--test", "ui"]), &group.arguments(), arguments);
        }
        let classes = ["--package", "sundown-ui", "--test", "python"];
        self.cargo("UI tests of Python classes", unlinked(&classes), &[], arguments);
        if !full {
            return Ok(());
        }
        self.cargo("doctests", members(&TEST).args(["--doc"]), &[], arguments);
        let shim = ["--package", "sundown-pyo3-async-runtimes", "--test", "ui"];
        self.cargo("UI tests of the shim", unlinked(&shim), &[], arguments);
        let doctests = unlinked(&["--package", "sundown-python", "--doc"]);
        self.cargo("doctests of the Python side, compiled", doctests, &[], arguments);
        let plain = ["test", "--package", "sundown", "--no-default-features", "--no-fail-fast", "--lib", "--tests"];
        self.cargo("without default features", cargo(plain), &[], arguments);
        // Nothing else compiles with loom's types, and cargo takes one filter.
        if self.filter.is_none() {
            let models = ["test", "--package", "sundown", "--features", &features, "--lib", "--release", "models"];
            self.cargo("loom models", with_loom(cargo(models)), &[], arguments);
            let traces = ["test", "--package", "sundown", "--features", "taskdump", "--lib", "trace"];
            self.cargo("with unstable tokio", with_cfg(cargo(traces), "tokio_unstable", "unstable"), &[], arguments);
        }
        Ok(())
    }

    /// A step of cargo's, with the filter. `extra` and `arguments` are for the test programs.
    fn cargo(&mut self, name: &str, call: Call, extra: &[&str], arguments: &[String]) {
        let call = if let Some(filter) = self.filter { call.args([filter]) } else { call };
        let extra: Vec<String> = extra.iter().map(|word| (*word).to_owned()).collect();
        self.cargo_unfiltered(name, call, &extra, arguments);
    }

    fn cargo_unfiltered(&mut self, name: &str, call: Call, extra: &[String], arguments: &[String]) {
        let call = call.args(["--"]).args(extra).args(arguments);
        self.step(name, "", |counts| call.check_seeing(|line| counts.see(line)));
    }

    /// The interpreters, with their environments made. None, if that fails.
    fn interpreters(&mut self, find: impl FnOnce() -> Result<Vec<Interpreter>>) -> Vec<Interpreter> {
        let mut interpreters = Vec::new();
        self.steps.run("python: interpreters", || {
            interpreters = find()?;
            let tags: Vec<&str> = interpreters.iter().map(Interpreter::tag).collect();
            Ok(tags.join(", "))
        });
        if interpreters.is_empty() {
            self.total.failed += 1;
        }
        interpreters
    }

    /// pytest, on every interpreter: with the one abi3 build, and on the newest with one of its version too; and the suite of
    /// the example.
    fn pytest(&mut self, interpreters: &[Interpreter]) {
        let last = interpreters.len().saturating_sub(1);
        for (index, interpreter) in interpreters.iter().enumerate() {
            if interpreter.takes_abi3() {
                self.suite(RUNTIME, interpreter, true);
            }
            if index == last || !interpreter.takes_abi3() {
                self.suite(RUNTIME, interpreter, false);
            }
            self.suite(DEMO, interpreter, true);
        }
    }

    /// The older versions of PyO3 that `sundown-python` allows.
    fn older_pyo3(&mut self, interpreter: &Interpreter) {
        let name = format!("python: older versions of PyO3, on {}", interpreter.tag());
        self.step(&name, "", |counts| python::test_older(interpreter, counts));
    }

    /// One of the suites, on one interpreter.
    fn suite(&mut self, suite: Suite, interpreter: &Interpreter, abi3: bool) {
        let kind = if abi3 && interpreter.takes_abi3() { "abi3" } else { "version-specific" };
        let name = format!("python: {} on {}, {kind}", suite.name(), interpreter.tag());
        let missing: String = interpreter.missing().iter().map(|name| format!(", no {name}")).collect();
        let filter = self.filter;
        self.step(&name, &missing, |counts| python::run_suite(suite, interpreter, abi3, filter, counts));
    }

    /// The scenarios of exit-stress on one interpreter, this many times or as often as their headers say.
    fn exits(&mut self, interpreter: &Interpreter, runs: Option<usize>, without_install: bool) {
        let filter = self.filter;
        let how = if without_install { ", without `install`" } else { "" };
        self.step(&format!("python: exit-stress on {}{how}", interpreter.tag()), "", |counts| {
            counts.add(&exit_stress::test(interpreter, filter, runs, without_install)?);
            ensure!(counts.failed == 0, "{} scenarios were not clean", counts.failed);
            Ok(())
        });
    }

    /// Runs a step, and counts its tests even if it fails. A step that fails without a failed test, because something does
    /// not compile or crashes, counts as one. A step that saw no test fails, unless a filter chose them.
    fn step(&mut self, name: &str, note: &str, step: impl FnOnce(&mut Counts) -> Result<()>) {
        let (filter, total) = (self.filter, &mut self.total);
        self.steps.run(name, || {
            let mut counts = Counts::default();
            let result = step(&mut counts).and_then(|()| {
                ensure!(counts.passed > 0 || filter.is_some(), "it ran no tests");
                Ok(())
            });
            if result.is_err() {
                counts.failed = counts.failed.max(1);
            }
            total.add(&counts);
            match result {
                Ok(()) => Ok(format!("{counts}{note}")),
                Err(error) => bail!("{error:#}\n{}", counts.failures.join("\n")),
            }
        });
    }

    /// Prints the table. Returns the line with the counts.
    fn finish(self) -> (String, ExitCode) {
        let result = self.steps.finish();
        if let Err(error) = &result {
            eprintln!("error: {error}");
        }
        let line = format!("{} passed, {} failed", self.total.passed, self.total.failed);
        (line, if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
