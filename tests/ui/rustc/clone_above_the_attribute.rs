use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[derive(Clone)]
#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
