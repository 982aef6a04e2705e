use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    #[shutdown(skip = true)]
    cache: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
