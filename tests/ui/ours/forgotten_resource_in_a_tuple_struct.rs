use sundown::{ShutdownGuard, Tasks, must_shutdown};
use tokio::task::JoinHandle;

#[must_shutdown]
struct Pair(#[shutdown] Tasks, JoinHandle<()>, ShutdownGuard<Self>);

fn main() {}
