use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(on_drop = panic)]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
