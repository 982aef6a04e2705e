use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    #[shutdown = "2s"]
    cache: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
