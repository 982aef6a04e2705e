use sundown::{ShutdownGuard, Tasks, must_shutdown};
use tokio::task::JoinHandle;

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    first: JoinHandle<()>,
    second: JoinHandle<()>,
    guard: ShutdownGuard<Self>,
}

fn main() {}
