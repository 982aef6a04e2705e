use sundown::{ShutdownGuard, Tasks, must_shutdown};
use tokio::task::JoinHandle;

#[must_shutdown]
struct Generic<T: Send + 'static> {
    #[shutdown]
    jobs: Tasks,
    results: Vec<JoinHandle<T>>,
    guard: ShutdownGuard<Self>,
}

fn main() {
    let generic = Generic::<u32> { jobs: Tasks::new(), results: Vec::new(), guard: ShutdownGuard::new() };
    drop(generic);
}
