use sundown::{ShutdownGuard, Tasks, Teardown};

#[derive(Teardown)]
struct Inner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
