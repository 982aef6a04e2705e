use sundown::{ShutdownGuard, Tasks, must_shutdown};

const LIMIT: u32 = 10;

#[must_shutdown(timeout = LIMIT)]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
