//! Subinterpreters, which this crate does not support: its statics, its threads and its exit are those of the process.
//!
//! What is registered with the `atexit` of one is called when that one ends, and would end the module for all. CPython 3.12
//! refuses the import in one with a GIL of its own by itself; before, and in one that shares the GIL, nobody does: PyO3
//! 0.30 runs the module's initialisation in each.

use pyo3::exceptions::{PyImportError, PyRuntimeError};
use pyo3::prelude::*;

/// Whether this thread, which is attached, runs Python's main interpreter. What CPython calls asks this before it calls
/// `Python::attach`: in a subinterpreter that would wait for itself, to attach the thread to the main one.
#[allow(unsafe_code, reason = "PyO3 has no safe form of these functions")]
pub(crate) fn is_main_interpreter() -> bool {
    // SAFETY: this thread is attached.
    unsafe { pyo3::ffi::PyInterpreterState_GetID(pyo3::ffi::PyInterpreterState_Get()) == 0 }
}

/// To be called before anything is made that another interpreter would find in a static.
///
/// # Errors
///
/// `ImportError` in a subinterpreter.
pub(crate) fn refuse_import(module: &Bound<'_, PyModule>) -> PyResult<()> {
    if is_main_interpreter() {
        return Ok(());
    }
    let name = module.name()?;
    Err(PyImportError::new_err(format!(
        "module `{name}` does not support subinterpreters: import it in the main interpreter"
    )))
}

/// As [`refuse_import`], for a module that was imported.
///
/// # Errors
///
/// `RuntimeError` in a subinterpreter.
pub(crate) fn refuse_use(_py: Python<'_>) -> PyResult<()> {
    if is_main_interpreter() {
        return Ok(());
    }
    Err(PyRuntimeError::new_err("this module does not support subinterpreters: use it in the main interpreter"))
}
