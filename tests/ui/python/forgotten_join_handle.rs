use pyo3::prelude::*;
use sundown::python::pyclass_teardown;
use sundown::{ShutdownGuard, Tasks};

#[pyclass_teardown]
#[pyclass]
struct Client {
    #[shutdown]
    tasks: Tasks,
    task: tokio::task::JoinHandle<()>,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Client {}

fn main() {}
