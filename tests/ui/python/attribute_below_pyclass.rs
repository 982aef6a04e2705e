use pyo3::prelude::*;
use sundown_python::{Runtime, ShutdownGuard, pyclass_teardown};

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
