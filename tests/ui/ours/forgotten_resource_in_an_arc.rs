use std::sync::Arc;

use sundown::{ShutdownGuard, Tasks, must_shutdown};
use tokio::task::JoinHandle;

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    scheduler: Arc<JoinHandle<()>>,
    guard: ShutdownGuard<Self>,
}

fn main() {}
