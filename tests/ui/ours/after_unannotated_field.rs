use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    config: String,
    #[shutdown(after = config)]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
