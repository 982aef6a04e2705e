use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(starting)]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    config: u8,
    guard: ShutdownGuard<Self>,
}

fn main() {
    let mut runner = Runner::starting().finish();
    let _ = runner.shutdown_blocking();
}
