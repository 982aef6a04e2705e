use pyo3::prelude::*;
use sundown_python::{ShutdownGuard, pyclass_teardown};

#[pyclass_teardown]
#[pyclass]
struct Client {
    #[shutdown]
    task: tokio::task::JoinHandle<()>,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Client {}

fn main() {}
