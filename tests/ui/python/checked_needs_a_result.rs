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
    #[shutdown(checked)]
    fn nothing(&self) {}

    #[shutdown(checked, unchecked)]
    fn both(&self) -> PyResult<&str> {
        Ok(self.runtime.name())
    }

    #[shutdown(checked)]
    fn name(&self) -> String {
        self.runtime.name().to_owned()
    }
}

fn main() {}
