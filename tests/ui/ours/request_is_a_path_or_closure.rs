use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    #[shutdown(request = "close")]
    cache: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
