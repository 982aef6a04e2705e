use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    #[shutdown(guard, timeout = "1s")]
    guard: ShutdownGuard<Self>,
}

fn main() {}
