//! The pytest suites.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::build::build_extension;
use super::interpreter::{Interpreter, isolated};
use crate::cargo::{Call, root, target};
use crate::test::Counts;

/// A folder with pytest's settings and tests, and the extension module that they import.
#[derive(Clone, Copy)]
pub(crate) struct Suite {
    folder: &'static str,
    package: &'static str,
}

impl Suite {
    /// For tables: its folder.
    pub(crate) fn name(self) -> &'static str {
        self.folder
    }

    /// The package with its extension module.
    pub(super) fn package(self) -> &'static str {
        self.package
    }
}

/// That of `sundown-python`.
pub(crate) const RUNTIME: Suite = Suite { folder: "tests/python", package: "sundown-pytest" };

/// That of the three bindings in the example.
pub(crate) const DEMO: Suite = Suite { folder: "examples/pyext", package: "sundown-demo" };

/// How many processes share the tests of a whole suite, of which most wait for something most of the time.
const PROCESSES: &str = "4";

/// Runs a suite on an interpreter, and counts its tests by the JUnit file that pytest writes, in `target/junit`.
///
/// A filter is pytest's `-k`; then it is no failure if no test matches. Without one pytest itself fails if it collects
/// nothing.
///
/// # Errors
///
/// If the extension module cannot be built, or pytest fails.
pub(crate) fn run(
    suite: Suite,
    interpreter: &Interpreter,
    abi3: bool,
    filter: Option<&str>,
    counts: &mut Counts,
) -> Result<()> {
    let folder = build_extension(suite.package, interpreter, abi3, false)?;
    let kind = if abi3 && interpreter.takes_abi3() { "abi3" } else { "version-specific" };
    run_in(suite, interpreter, folder, kind, filter, counts)
}

/// As [`run`], with an extension module that was built.
///
/// # Errors
///
/// If pytest fails.
pub(super) fn run_in(
    suite: Suite,
    interpreter: &Interpreter,
    module: PathBuf,
    kind: &str,
    filter: Option<&str>,
    counts: &mut Counts,
) -> Result<()> {
    let results = target().join("junit").join(format!("{}-{}-{kind}.xml", suite.package, interpreter.tag()));
    if results.exists() {
        // Those of the last run would be taken for those of a pytest that crashes, which writes none.
        std::fs::remove_file(&results).with_context(|| results.display().to_string())?;
    }
    let mut call = python(interpreter, module)
        .args(["-m", "pytest"])
        .args([Path::new("--junitxml"), &results])
        .current_dir(&root().join(suite.folder));
    match filter {
        Some(filter) => call = call.args(["-k", filter]),
        None => call = call.args(["-n", PROCESSES]),
    }
    let result = call.check();
    if results.exists() {
        counts.read_junit(&results)?;
    }
    match result {
        Err(error) if filter.is_some() && error.to_string().ends_with("exit status: 5") => Ok(()),
        result => result,
    }
}

/// `python -m sundown_demo`, on an interpreter: to be called, which fails if something is left behind.
///
/// # Errors
///
/// If the extension module cannot be built.
pub(crate) fn demo(interpreter: &Interpreter) -> Result<Call> {
    let folder = build_extension(DEMO.package, interpreter, true, false)?;
    // What a panic of the demo prints comes in its place, without a backtrace.
    let call = python(interpreter, folder).env("PYTHONUNBUFFERED", "1").env("RUST_BACKTRACE", "0");
    Ok(call.args(["-m", "sundown_demo"]))
}

/// An interpreter that finds an extension module.
fn python(interpreter: &Interpreter, folder: PathBuf) -> Call {
    isolated(&interpreter.venv_python(), [] as [&str; 0])
        .env("PYTHONPATH", folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONFAULTHANDLER", "1")
}
