use sundown::{ShutdownGuard, must_shutdown};
use tokio::task::JoinHandle;

#[must_shutdown]
struct Runner {
    #[shutdown(on_end = "stop", request = JoinHandle::abort)]
    task: JoinHandle<()>,
    guard: ShutdownGuard<Self>,
}

fn main() {}
