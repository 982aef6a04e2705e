//! `cargo xtask test`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};

use crate::cargo::{Call, cargo, target};
use crate::exit_stress;
use crate::metadata::Metadata;
use crate::python::{self, DEMO, Interpreter, RUNTIME};
use crate::steps::Steps;

/// Keeps PyO3 from linking a libpython, as in an extension module.
const UNLINKED: &str = "PYO3_BUILD_EXTENSION_MODULE";

/// Runs everything; with a filter, the tests whose names contain it. A failure if a test fails, does not compile, or if a
/// step finds no test although there is no filter. The counts are the last line in any case.
///
/// # Errors
///
/// If the counts cannot be written to the file.
pub(crate) fn run(filter: Option<&str>, summary: Option<&Path>, arguments: &[String]) -> Result<ExitCode> {
    let mut steps = Steps::default();
    let mut total = Counts::default();
    rust(&mut steps, &mut total, filter, arguments)?;
    let interpreters = pytests(&mut steps, &mut total, filter);
    exits(&mut steps, &mut total, filter, &interpreters);
    finish(steps, &total, summary)
}

/// Runs pytest alone.
///
/// # Errors
///
/// None; a failure is the exit code.
pub(crate) fn pytest(filter: Option<&str>) -> Result<ExitCode> {
    let mut steps = Steps::default();
    let mut total = Counts::default();
    pytests(&mut steps, &mut total, filter);
    finish(steps, &total, None)
}

fn finish(steps: Steps, total: &Counts, summary: Option<&Path>) -> Result<ExitCode> {
    let line = format!("{} passed, {} failed", total.passed, total.failed);
    if let Some(path) = summary {
        std::fs::write(path, format!("{line}\n")).with_context(|| path.display().to_string())?;
    }
    let result = steps.finish();
    if let Err(error) = &result {
        eprintln!("error: {error}");
    }
    println!("{line}");
    Ok(if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn rust(steps: &mut Steps, total: &mut Counts, filter: Option<&str>, arguments: &[String]) -> Result<()> {
    let mut step = |name: &str, call: Call| {
        steps.run(name, || {
            let call = if let Some(filter) = filter { call.args([filter]) } else { call };
            let call = if arguments.is_empty() { call } else { call.args(["--"]).args(arguments) };
            total.of(filter, |counts| call.check_seeing(|line| counts.see(line)))
        });
    };

    let metadata = Metadata::load()?;
    let features = without_python(&metadata)?;
    let excluded = metadata.python_packages();
    let members = || {
        let exclude = excluded.iter().flat_map(|package| ["--exclude", package]);
        cargo(["test", "--workspace", "--no-fail-fast", "--features", &features]).args(exclude)
    };
    step("unit, integration, UI and golden tests", members().args(["--lib", "--bins", "--tests", "--examples"]));
    step("doctests", members().args(["--doc"]));
    // These link no libpython, if PyO3 is told that there is none.
    let unlinked = |arguments: &[&str]| cargo(["test", "--all-features"]).args(arguments).env(UNLINKED, "1");
    step("UI tests of the shim", unlinked(&["--package", "sundown-pyo3-async-runtimes", "--test", "ui"]));
    step("UI tests of Python classes", unlinked(&["--package", "sundown-ui", "--test", "python"]));
    if filter.is_none() {
        step("doctests of the Python side, compiled", unlinked(&["--package", "sundown", "--doc", "python"]));
    }
    let plain = ["test", "--package", "sundown", "--no-default-features", "--no-fail-fast", "--lib", "--tests"];
    step("without default features", cargo(plain));
    let models = ["test", "--package", "sundown", "--features", &features, "--lib", "--release", "models"];
    // Nothing else compiles with loom's types, and cargo takes one filter.
    if filter.is_none() {
        step("loom models", with_loom(cargo(models)));
    }
    Ok(())
}

/// All features of the workspace's packages but sundown's `python`, as `package/feature,…`. With `python` a test program
/// would have to be linked with a libpython; what needs an interpreter is tested by pytest.
pub(crate) fn without_python(metadata: &Metadata) -> Result<String> {
    let features = metadata.features("sundown")?.into_keys().filter(|name| name != "python");
    Ok(features.map(|name| format!("sundown/{name}")).collect::<Vec<_>>().join(","))
}

/// pytest, on every interpreter: with the one abi3 build, and on the oldest and the newest with one of their version too;
/// and the suite of the example.
/// Returns the interpreters.
fn pytests(steps: &mut Steps, total: &mut Counts, filter: Option<&str>) -> Vec<Interpreter> {
    let mut interpreters = Vec::new();
    steps.run("python: interpreters", || {
        interpreters = python::interpreters()?;
        let tags: Vec<&str> = interpreters.iter().map(Interpreter::tag).collect();
        Ok(tags.join(", "))
    });
    let last = interpreters.len().saturating_sub(1);
    for (index, interpreter) in interpreters.iter().enumerate() {
        let of_version = index == 0 || index == last || !interpreter.takes_abi3();
        for abi3 in [true, false] {
            if !(if abi3 { interpreter.takes_abi3() } else { of_version }) {
                continue;
            }
            let kind = if abi3 { "abi3" } else { "version-specific" };
            steps.run(format!("python: pytest on {}, {kind}", interpreter.tag()), || {
                let note = total.of(filter, |counts| {
                    python::run_suite(RUNTIME, interpreter, abi3, filter, |line| counts.see_pytest(line))
                })?;
                let missing = interpreter.missing().iter().map(|name| format!(", no {name}"));
                Ok(note + &missing.collect::<String>())
            });
        }
        steps.run(format!("python: examples/pyext on {}", interpreter.tag()), || {
            total
                .of(filter, |counts| python::run_suite(DEMO, interpreter, true, filter, |line| counts.see_pytest(line)))
        });
    }
    interpreters
}

/// The scenarios of exit-stress, on every interpreter.
fn exits(steps: &mut Steps, total: &mut Counts, filter: Option<&str>, interpreters: &[Interpreter]) {
    for interpreter in interpreters {
        steps.run(format!("python: exit-stress on {}", interpreter.tag()), || {
            total.of(filter, |counts| {
                let (passed, failed) = exit_stress::test(interpreter, filter)?;
                counts.add(&Counts { passed, failed, ignored: 0 });
                ensure!(failed == 0, "{failed} scenarios were not clean");
                Ok(())
            })
        });
    }
}

/// With loom's types in place of std's. In a target directory of its own, because a flag of rustc's concerns every crate.
pub(crate) fn with_loom(call: Call) -> Call {
    call.flags("RUSTFLAGS", "--cfg sundown_loom").env("CARGO_TARGET_DIR", target().join("loom"))
}

/// What `test result:` lines say.
#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl Counts {
    fn see(&mut self, line: &str) {
        let Some((_, result)) = line.split_once("test result: ") else { return };
        // `ok. 12 passed; 0 failed; 1 ignored; …`
        let words: Vec<&str> = result.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
        let before = |what: &str| {
            let at = words.iter().position(|word| *word == what)?;
            words.get(at.checked_sub(1)?)?.parse::<usize>().ok()
        };
        self.passed += before("passed").unwrap_or(0);
        self.failed += before("failed").unwrap_or(0);
        self.ignored += before("ignored").unwrap_or(0);
    }

    /// `=== 2 failed, 12 passed, 1 skipped, 3 warnings in 4.20s ===`. An error in a fixture or an unexpected pass is a
    /// failure.
    fn see_pytest(&mut self, line: &str) {
        let Some((counts, _)) = line.trim().trim_matches('=').trim().rsplit_once(" in ") else { return };
        if !line.starts_with("==") {
            return;
        }
        for count in counts.split(", ") {
            let Some((number, what)) = count.split_once(' ') else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" | "error" | "errors" | "xpassed" => self.failed += number,
                "skipped" | "xfailed" => self.ignored += number,
                _ => {}
            }
        }
    }

    /// Counts what a step sees and adds it here, even if the step fails. A step that saw no test fails too, unless a
    /// filter chose them. Returns the note for the table.
    fn of(&mut self, filter: Option<&str>, step: impl FnOnce(&mut Counts) -> Result<()>) -> Result<String> {
        let mut counts = Counts::default();
        let result = step(&mut counts);
        self.add(&counts);
        result?;
        ensure!(counts.passed > 0 || filter.is_some(), "it ran no tests");
        Ok(counts.to_string())
    }

    fn add(&mut self, other: &Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed, {} ignored", self.passed, self.failed, self.ignored)
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn results_are_counted() {
        let mut counts = Counts::default();
        counts.see("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.02s\n");
        counts
            .see("test result: \u{1b}[31mFAILED\u{1b}[0m. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n");
        counts.see("12 passed; 7 failed\n");
        assert_eq!(counts.to_string(), "13 passed, 2 failed, 1 ignored");
    }

    #[test]
    fn pytest_is_counted() {
        let mut counts = Counts::default();
        counts.see_pytest("===== 1 failed, 12 passed, 2 skipped, 1 xfailed, 3 warnings, 2 errors in 4.20s =====\n");
        counts.see_pytest("============================= no tests ran in 0.01s =============================\n");
        counts.see_pytest("5 passed in 1.00s\n");
        counts.see_pytest("======== test session starts ========\n");
        assert_eq!(counts.to_string(), "12 passed, 3 failed, 3 ignored");
    }
}
