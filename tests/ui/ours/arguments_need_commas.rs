use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(timeout = "10s" on_drop = "log")]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
