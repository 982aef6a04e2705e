//! Three Python bindings that clean up after themselves.

use pyo3::prelude::*;

/// The module.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    sundown::python::install(module)
}
