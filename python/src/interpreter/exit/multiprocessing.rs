//! Children of multiprocessing that end without the `atexit` functions, up to 3.12: see `multiprocessing.py`.

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};

use crate::interpreter::{modules, source};

/// To be called in a forked child: if multiprocessing has forked it, it calls `stage_two` at its end.
///
/// # Errors
///
/// What Python raised.
pub(super) fn in_child(py: Python<'_>, stage_two: fn(Python<'_>) -> PyResult<()>) -> PyResult<()> {
    call(py, "in_child", stage_two)
}

/// To be called when the module is imported: if this is such a child already, it calls `stage_two` at its end.
///
/// # Errors
///
/// As [`in_child`].
pub(super) fn at_import(py: Python<'_>, stage_two: fn(Python<'_>) -> PyResult<()>) -> PyResult<()> {
    call(py, "at_import", stage_two)
}

/// Calls the function, if multiprocessing is in use.
fn call(py: Python<'_>, function: &str, stage_two: fn(Python<'_>) -> PyResult<()>) -> PyResult<()> {
    if py.version_info() >= (3, 13) || !modules::is_imported(py, "multiprocessing.util")? {
        return Ok(());
    }
    let stage_two = move |arguments: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| stage_two(arguments.py());
    let stage_two = PyCFunction::new_closure(py, None, None, stage_two)?;
    let namespace = source::execute(py, "multiprocessing", include_str!("multiprocessing.py"))?;
    namespace.as_any().get_item(function)?.call1((stage_two,)).map(drop)
}
