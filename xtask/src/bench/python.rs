//! The bridge beside pyo3-async-runtimes, and beside asyncio alone.

use anyhow::Result;

use crate::cargo::{Call, root};
use crate::python::{build_extension, interpreters};

pub(super) const NAME: &str = "python";

/// On each interpreter of `SUNDOWN_PYTHONS`, with modules built for its version.
pub(super) fn run() -> Result<()> {
    for interpreter in interpreters()? {
        let module = build_extension("bench-python", &interpreter, false, true)?;
        let script = root().join("tests/benches/python/bench.py");
        Call::new(interpreter.venv_python()).args([script]).env("PYTHONPATH", module).check()?;
    }
    Ok(())
}
