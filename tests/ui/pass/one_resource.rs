//! The smallest annotated struct.

use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {
    let mut runner = Runner { jobs: Tasks::new(), guard: ShutdownGuard::new() };
    assert!(runner.shutdown_blocking().unwrap().is_clean());
}
