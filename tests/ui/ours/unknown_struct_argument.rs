use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(timout = "10s")]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
