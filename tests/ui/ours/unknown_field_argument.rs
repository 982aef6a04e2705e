use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    #[shutdown(timout = "1s")]
    cache: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
