use pyo3::prelude::*;
use sundown_python::{Runtime, ShutdownGuard, pyclass_teardown};

#[pyclass_teardown]
#[pyclass]
struct Client {
    #[shutdown]
    runtime: Runtime,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Client {}

#[pyclass_teardown]
impl Clone for Client {
    fn clone(&self) -> Self {
        unimplemented!()
    }
}

fn main() {}
