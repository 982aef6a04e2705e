use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(timeout = "99999999999999999999s")]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
