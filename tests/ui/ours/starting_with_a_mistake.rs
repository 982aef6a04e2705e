use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(starting)]
struct Runner {
    #[shutdown(timout = "1s")]
    jobs: Tasks,
    config: u8,
    guard: ShutdownGuard<Self>,
}

fn main() {
    let mut runner = Runner::starting().jobs(Tasks::new()).config(1).finish();
    let _ = runner.shutdown_blocking();
}
