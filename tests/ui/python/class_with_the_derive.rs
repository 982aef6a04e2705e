use pyo3::prelude::*;
use sundown_python::{Runtime, ShutdownGuard, Teardown, pyclass_teardown};

#[pyclass_teardown]
#[pyclass]
#[derive(Debug, Teardown)]
struct Client {
    #[shutdown]
    runtime: Runtime,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Client {}

fn main() {}
