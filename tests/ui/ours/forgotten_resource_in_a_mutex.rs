use std::sync::{Arc, Mutex};

use sundown::{ShutdownGuard, Tasks, must_shutdown};
use tokio::task::JoinHandle;

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    workers: Arc<Mutex<Vec<JoinHandle<()>>>>,
    guard: ShutdownGuard<Self>,
}

fn main() {}
