use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(timeout = Duration::from_secs(10))]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
