#![deny(unused_must_use)]

use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn make() -> Runner {
    Runner { jobs: Tasks::new(), guard: ShutdownGuard::new() }
}

fn main() {
    make();
}
