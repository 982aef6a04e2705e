//! The exit-stress module on sundown.

mod bare;
mod extras;
mod places;
#[path = "../../module/shared.rs"]
mod shared;

use pyo3::prelude::*;

#[pymodule(gil_used = true)]
fn stress(module: &Bound<'_, PyModule>) -> PyResult<()> {
    shared::fill(module)
}

/// The library under another name, copied, is a second extension module with statics of its own.
#[pymodule(gil_used = true)]
fn stress_too(module: &Bound<'_, PyModule>) -> PyResult<()> {
    shared::fill(module)
}

/// The library under a third name: a module that calls no `install`.
#[pymodule(gil_used = true)]
fn stress_bare(module: &Bound<'_, PyModule>) -> PyResult<()> {
    bare::fill(module)
}
