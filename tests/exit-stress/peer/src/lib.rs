//! The exit-stress module on pyo3-async-runtimes.

mod extras;
#[path = "../../module/shared.rs"]
mod shared;

use pyo3::prelude::*;

#[pymodule]
fn stress(module: &Bound<'_, PyModule>) -> PyResult<()> {
    shared::fill(module)
}
