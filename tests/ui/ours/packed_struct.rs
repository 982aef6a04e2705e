use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
#[repr(C, packed)]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    name: String,
    guard: ShutdownGuard<Self>,
}

fn main() {
    let _ = Runner { jobs: Tasks::new(), name: String::new(), guard: ShutdownGuard::new() }.shutdown_blocking();
}
