use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    worker: std::thread::JoinHandle<()>,
    guard: ShutdownGuard<Self>,
}

fn main() {}
