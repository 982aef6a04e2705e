//! What Python has imported. A module that nobody has imported has nothing that matters, and is not worth an import.

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// `sys.modules`
pub(crate) fn imported(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    Ok(py.import("sys")?.getattr("modules")?.cast_into::<PyDict>()?)
}

/// Whether there is a module of this name.
pub(crate) fn is_imported(py: Python<'_>, name: &str) -> PyResult<bool> {
    imported(py)?.contains(name)
}
