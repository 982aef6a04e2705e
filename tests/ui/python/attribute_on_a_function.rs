use pyo3::prelude::*;
use sundown_python::pyclass_teardown;

#[pyclass_teardown]
#[pyfunction]
fn close() {}

fn main() {}
