use pyo3::prelude::*;
use sundown_python::pyclass_teardown;

#[pyclass_teardown]
#[pyclass]
enum State {
    Open,
    Closed,
}

fn main() {}
