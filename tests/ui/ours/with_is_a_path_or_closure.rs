use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    #[shutdown(with = close())]
    cache: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
