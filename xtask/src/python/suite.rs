//! The pytest suite in `tests/python`.

use anyhow::Result;

use super::build::build_extension;
use super::interpreter::{Interpreter, isolated};
use crate::cargo::root;

/// Runs the suite on an interpreter, and passes each line that pytest prints to `see`.
///
/// A filter is pytest's `-k`; then it is no failure if no test matches. Without one pytest itself fails if it collects
/// nothing.
///
/// # Errors
///
/// If the extension module cannot be built, or pytest fails.
pub(crate) fn run(interpreter: &Interpreter, abi3: bool, filter: Option<&str>, see: impl FnMut(&str)) -> Result<()> {
    let folder = build_extension("sundown-pytest", interpreter, abi3, false)?;
    let mut call = isolated(&interpreter.venv_python(), ["-m", "pytest"])
        .current_dir(&root().join("tests/python"))
        .env("PYTHONPATH", &folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONFAULTHANDLER", "1");
    if let Some(filter) = filter {
        call = call.args(["-k", filter]);
    }
    match call.check_seeing(see) {
        Err(error) if filter.is_some() && error.to_string().ends_with("exit status: 5") => Ok(()),
        result => result,
    }
}
