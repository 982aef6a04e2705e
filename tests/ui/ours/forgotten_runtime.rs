use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    runtime: tokio::runtime::Runtime,
    guard: ShutdownGuard<Self>,
}

fn main() {}
