use pyo3::prelude::*;
use sundown_python::{Runtime, ShutdownGuard, pyclass_teardown};

#[pyclass_teardown(shared)]
#[pyclass]
struct Client {
    #[shutdown]
    runtime: Runtime,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown(timeout = "1s")]
#[pymethods]
impl Client {
    #[shutdown(skip)]
    fn get(&self) -> PyResult<u32> {
        Ok(1)
    }
}

fn main() {}
