use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    #[shutdown(timeout = "1s")]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
