use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(methods = stop)]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown(methods = "stop it")]
struct Other {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
