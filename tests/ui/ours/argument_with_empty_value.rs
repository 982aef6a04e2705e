use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(timeout =, on_drop = "log")]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
