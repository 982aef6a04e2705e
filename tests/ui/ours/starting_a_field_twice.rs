use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(starting)]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    config: u8,
    guard: ShutdownGuard<Self>,
}

fn main() {
    let start = Runner::starting().jobs(Tasks::new());
    let start = start.config(1);
    let mut runner = start.jobs(Tasks::new()).finish();
    let _ = runner.shutdown_blocking();
}
