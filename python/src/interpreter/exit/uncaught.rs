//! Daemon threads that meet a refusal.

use pyo3::prelude::*;

use crate::internal::host::user_threads;
use crate::interpreter::exceptions::ShutdownError;
use crate::interpreter::{frames, modules, source};

/// Keeps daemon threads that end with a `ShutdownError` of this module from printing it: see `uncaught.py`.
///
/// # Errors
///
/// If `threading` is not as it should be. Then they print it.
pub(super) fn quieten(py: Python<'_>) -> PyResult<()> {
    // A module that nobody has used may be used first by such a thread.
    if !modules::is_imported(py, "threading")? || !runs_elsewhere(py)? {
        return Ok(());
    }
    let namespace = source::execute(py, "uncaught", include_str!("uncaught.py"))?;
    namespace.as_any().get_item("quieten")?.call1((py.get_type::<ShutdownError>(),))?;
    Ok(())
}

/// Whether another thread has a Python frame. This one need not have any: CPython calls the handlers of `atexit` itself.
fn runs_elsewhere(py: Python<'_>) -> PyResult<bool> {
    let own = user_threads::current_ident();
    for ident in frames::innermost(py)?.keys() {
        if ident.extract::<u64>()? != own {
            return Ok(true);
        }
    }
    Ok(false)
}
