use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(timeout = "10s", timeout = "20s")]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
