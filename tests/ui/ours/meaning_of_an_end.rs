use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown(on_end = "restart")]
    jobs: Tasks,
    #[shutdown(on_end = stop)]
    more: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
