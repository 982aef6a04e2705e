//! The pytest suites.

use std::path::PathBuf;

use anyhow::Result;

use super::build::build_extension;
use super::interpreter::{Interpreter, isolated};
use crate::cargo::{Call, root};

/// A folder with pytest's settings and tests, and the extension module that they import.
#[derive(Clone, Copy)]
pub(crate) struct Suite {
    folder: &'static str,
    package: &'static str,
}

/// That of `sundown::python`.
pub(crate) const RUNTIME: Suite = Suite { folder: "tests/python", package: "sundown-pytest" };

/// That of the three bindings in the example.
pub(crate) const DEMO: Suite = Suite { folder: "examples/pyext", package: "sundown-demo" };

/// Runs a suite on an interpreter, and passes each line that pytest prints to `see`.
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
    see: impl FnMut(&str),
) -> Result<()> {
    let folder = build_extension(suite.package, interpreter, abi3, false)?;
    let mut call = python(interpreter, folder).args(["-m", "pytest"]).current_dir(&root().join(suite.folder));
    if let Some(filter) = filter {
        call = call.args(["-k", filter]);
    }
    match call.check_seeing(see) {
        Err(error) if filter.is_some() && error.to_string().ends_with("exit status: 5") => Ok(()),
        result => result,
    }
}

/// `python -m sundown_demo`, on an interpreter.
///
/// # Errors
///
/// If the extension module cannot be built, or something is left behind.
pub(crate) fn demo(interpreter: &Interpreter) -> Result<()> {
    let folder = build_extension(DEMO.package, interpreter, true, false)?;
    python(interpreter, folder).args(["-m", "sundown_demo"]).check()
}

/// An interpreter that finds an extension module.
fn python(interpreter: &Interpreter, folder: PathBuf) -> Call {
    isolated(&interpreter.venv_python(), [] as [&str; 0])
        .env("PYTHONPATH", folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONFAULTHANDLER", "1")
}
