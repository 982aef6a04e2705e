use pyo3::prelude::*;
use sundown_python::{Runtime, ShutdownGuard, pyclass_teardown};

#[pyclass_teardown]
#[pyclass]
struct Client<T> {
    #[shutdown]
    runtime: Runtime,
    value: T,
    guard: ShutdownGuard<Self>,
}

fn main() {}
