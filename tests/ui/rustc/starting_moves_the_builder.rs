use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(starting)]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    config: u8,
    guard: ShutdownGuard<Self>,
}

fn main() {
    let start = Runner::starting();
    start.jobs(Tasks::new());
    let mut runner = start.config(1).finish();
    let _ = runner.shutdown_blocking();
}
