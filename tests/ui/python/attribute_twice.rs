use pyo3::prelude::*;
use sundown_python::{Runtime, ShutdownGuard, pyclass_teardown};

#[pyclass_teardown]
#[pyclass_teardown(timeout = "1s")]
#[pyclass]
struct Client {
    #[shutdown]
    runtime: Runtime,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pyclass_teardown(report)]
#[pymethods]
impl Client {}

fn main() {}
