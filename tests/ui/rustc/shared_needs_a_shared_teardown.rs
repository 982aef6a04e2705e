use sundown::{ShutdownGuard, must_shutdown};
use tokio::task::JoinHandle;

#[must_shutdown(shared)]
struct Runner {
    #[shutdown]
    scheduler: JoinHandle<()>,
    guard: ShutdownGuard<Self>,
}

fn main() {}
