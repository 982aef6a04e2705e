use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(manual, on_drop = "wait")]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
