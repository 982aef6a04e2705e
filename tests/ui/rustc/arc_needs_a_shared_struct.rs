use std::sync::Arc;

use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown]
struct Owner {
    #[shutdown]
    runner: Arc<Runner>,
    guard: ShutdownGuard<Self>,
}

fn main() {}
