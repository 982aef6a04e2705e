//! Daemon threads that meet a refusal.

use pyo3::prelude::*;

use crate::interpreter::exceptions::ShutdownError;
use crate::interpreter::{modules, source};

/// Keeps daemon threads that end with a `ShutdownError` of this module from printing it: see `uncaught.py`.
///
/// # Errors
///
/// If `threading` is not as it should be. Then they print it.
pub(super) fn quieten(py: Python<'_>) -> PyResult<()> {
    // Also if no other thread runs Python now: one may begin before the interpreter stops it.
    if !modules::is_imported(py, "threading")? {
        return Ok(());
    }
    let namespace = source::execute(py, "uncaught", include_str!("uncaught.py"))?;
    namespace.as_any().get_item("quieten")?.call1((py.get_type::<ShutdownError>(),))?;
    Ok(())
}
