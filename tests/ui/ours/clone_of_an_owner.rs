use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
#[derive(Clone, Debug)]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {
    fn twice(runner: &Runner) -> Runner {
        runner.clone()
    }
    let _ = twice;
}
