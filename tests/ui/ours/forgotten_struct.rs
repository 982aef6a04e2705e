use sundown::{ShutdownGuard, Tasks, Teardown, must_shutdown};

#[derive(Teardown)]
struct Inner {
    #[shutdown]
    jobs: Tasks,
}

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    inner: Inner,
    guard: ShutdownGuard<Self>,
}

fn main() {}
