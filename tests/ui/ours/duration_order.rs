use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(timeout = "30s 1m")]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
