use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown(skip)]
    parent: Tasks,
    #[shutdown(after = parent)]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
