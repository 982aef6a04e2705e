use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(timeout = "0s")]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
