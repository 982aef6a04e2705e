use pyo3::prelude::*;
use sundown_python::{Runtime, ShutdownGuard, pyclass_teardown};

#[pyclass_teardown]
#[pyclass]
struct Client {
    #[shutdown]
    runtime: Runtime,
    guard: ShutdownGuard<Self>,
}

struct OwnError;

impl From<OwnError> for PyErr {
    fn from(_: OwnError) -> PyErr {
        pyo3::exceptions::PyValueError::new_err(())
    }
}

#[pyclass_teardown]
#[pymethods]
impl Client {
    fn get(&self) -> Result<u32, OwnError> {
        let _ = self.runtime.name();
        Ok(1)
    }

    #[shutdown(unchecked)]
    fn get_anyway(&self) -> Result<u32, OwnError> {
        Ok(1)
    }
}

fn main() {}
