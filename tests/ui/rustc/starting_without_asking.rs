use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    config: u8,
    guard: ShutdownGuard<Self>,
}

fn main() {
    let _ = Runner::starting();
}
