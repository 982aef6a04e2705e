use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    #[shutdown(after = [])]
    cache: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
