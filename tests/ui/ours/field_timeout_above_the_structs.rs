use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(timeout = "10s")]
struct Runner {
    #[shutdown(timeout = "20s")]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
