use pyo3::prelude::*;
use sundown::ShutdownGuard;
use sundown::python::{Runtime, pyclass_teardown};

#[pyclass_teardown(timeout = "1s")]
#[pyclass]
struct Client {
    #[shutdown(timeout = "2s")]
    runtime: Runtime,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Client {}

fn main() {}
