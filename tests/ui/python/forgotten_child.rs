use pyo3::prelude::*;
use sundown_python::{ShutdownGuard, Tasks, pyclass_teardown};

#[pyclass_teardown]
#[pyclass]
struct Client {
    #[shutdown]
    tasks: Tasks,
    child: std::process::Child,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Client {}

fn main() {}
