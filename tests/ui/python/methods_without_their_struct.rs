use pyo3::prelude::*;
use sundown_python::{Runtime, pyclass_teardown};

#[pyclass]
struct Client {
    runtime: Runtime,
}

#[pyclass_teardown]
#[pymethods]
impl Client {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(Client { runtime: Runtime::new()? })
    }

    fn get(&self) -> PyResult<&str> {
        Ok(self.runtime.name())
    }

    fn set(&mut self) {}
}

fn main() {}
