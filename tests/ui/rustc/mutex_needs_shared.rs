use std::sync::Mutex;

use sundown::{ShutdownGuard, must_shutdown};
use tokio::task::JoinHandle;

#[must_shutdown]
struct Runner {
    #[shutdown]
    worker: Mutex<Option<JoinHandle<()>>>,
    #[shutdown]
    other: tokio::sync::RwLock<JoinHandle<()>>,
    guard: ShutdownGuard<Self>,
}

fn main() {}
