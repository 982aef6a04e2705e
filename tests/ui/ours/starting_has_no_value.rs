use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(starting = "now")]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
