use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(timeout = "ten seconds")]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
