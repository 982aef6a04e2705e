use pyo3::prelude::*;
use sundown::ShutdownGuard;
use sundown::python::{Runtime, pyclass_teardown};

#[pyclass]
#[pyclass_teardown]
struct Client {
    #[shutdown]
    runtime: Runtime,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Client {}

fn main() {}
