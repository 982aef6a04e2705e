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
impl Client {
    #[shutdown(unchecked)]
    fn name(&self) -> &str {
        self.runtime.name()
    }

    #[shutdown]
    fn get(&self) -> PyResult<&str> {
        Ok(self.runtime.name())
    }
}

fn main() {}
