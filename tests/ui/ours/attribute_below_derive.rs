use sundown::{ShutdownGuard, Tasks, Teardown, must_shutdown};

#[derive(Teardown)]
#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
