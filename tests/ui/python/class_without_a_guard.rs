use pyo3::prelude::*;
use sundown_python::{Runtime, pyclass_teardown};

#[pyclass_teardown]
#[pyclass]
struct Client {
    #[shutdown]
    runtime: Runtime,
}

#[pyclass_teardown]
#[pymethods]
impl Client {}

fn main() {}
