use pyo3::prelude::*;
use sundown::python::{Runtime, pyclass_teardown};
use sundown::ShutdownGuard;

#[pyclass_teardown]
#[sundown::must_shutdown]
#[pyclass]
struct Client {
    #[shutdown]
    runtime: Runtime,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Client {}

fn main() {}
