//! A class that extends one of CPython's own.

use pyo3::prelude::*;
use sundown_python::{Runtime, ShutdownGuard, pyclass_teardown};

use super::runtime;

/// Extends a class of Python's.
#[pyclass_teardown]
#[pyclass(extends = pyo3::types::PyDict, subclass)]
pub(super) struct Cache {
    #[shutdown]
    runtime: Runtime,
    #[allow(dead_code)]
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Cache {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(Cache { runtime: runtime("cache")?, guard: ShutdownGuard::new() })
    }

    fn works(&mut self) -> PyResult<bool> {
        Ok(self.runtime.handle().is_ok())
    }
}
