use sundown::{ShutdownGuard, Tasks, Teardown, must_shutdown};

#[must_shutdown]
#[derive(Debug, Teardown)]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
