use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    #[shutdown]
    tail: Tasks,
    #[shutdown(after = database)]
    cache: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
