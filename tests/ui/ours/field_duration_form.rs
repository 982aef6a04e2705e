use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    #[shutdown(timeout = "2 seconds")]
    cache: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
