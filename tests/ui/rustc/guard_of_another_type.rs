use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Other {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    #[shutdown(guard)]
    guard: ShutdownGuard<Other>,
}

fn main() {}
