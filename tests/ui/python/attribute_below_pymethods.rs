use pyo3::prelude::*;
use sundown_python::{Runtime, ShutdownGuard, pyclass_teardown};

#[pyclass_teardown]
#[pyclass]
struct Client {
    #[shutdown]
    runtime: Runtime,
    guard: ShutdownGuard<Self>,
}

#[pymethods]
#[pyclass_teardown]
impl Client {
    #[shutdown(unchecked)]
    fn get(&self) -> PyResult<u32> {
        Ok(1)
    }
}

fn main() {}
