use sundown_python::{Runtime, ShutdownGuard, pyclass_teardown};

#[pyclass_teardown]
struct Client {
    #[shutdown]
    runtime: Runtime,
    guard: ShutdownGuard<Self>,
}

fn main() {}
