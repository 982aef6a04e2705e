//! What CPython tells of its threads.

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The innermost frame of each thread that has a Python frame, by the ident of the thread.
///
/// From `sys._current_frames`.
pub(crate) fn innermost(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    Ok(py.import("sys")?.call_method0("_current_frames")?.cast_into::<PyDict>()?)
}

/// The ident of the main thread, as `threading` knows it.
pub(crate) fn main_ident<'py>(threading: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    threading.call_method0("main_thread")?.getattr("ident")
}
