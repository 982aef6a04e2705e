use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(manual, starting)]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
