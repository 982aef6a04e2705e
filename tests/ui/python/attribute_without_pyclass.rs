use sundown::ShutdownGuard;
use sundown::python::{Runtime, pyclass_teardown};

#[pyclass_teardown]
struct Client {
    #[shutdown]
    runtime: Runtime,
    guard: ShutdownGuard<Self>,
}

fn main() {}
