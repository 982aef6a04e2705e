use sundown::{ShutdownGuard, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    worker: std::thread::JoinHandle<()>,
    guard: ShutdownGuard<Self>,
}

fn main() {}
