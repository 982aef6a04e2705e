use std::sync::{Arc, Mutex};

use sundown::{ShutdownGuard, must_shutdown};
use tokio::task::JoinHandle;

#[must_shutdown]
struct Runner {
    #[shutdown]
    worker: Arc<Mutex<Option<JoinHandle<()>>>>,
    guard: ShutdownGuard<Self>,
}

fn main() {}
