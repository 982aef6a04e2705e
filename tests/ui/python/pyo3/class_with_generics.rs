use pyo3::prelude::*;
use sundown::ShutdownGuard;
use sundown::python::{Runtime, pyclass_teardown};

#[pyclass_teardown]
#[pyclass]
struct Client<T> {
    #[shutdown]
    runtime: Runtime,
    value: T,
    guard: ShutdownGuard<Self>,
}

fn main() {}
