use sundown::{ShutdownGuard, Tasks, must_shutdown};

type Handle = Option<Vec<tokio::task::JoinHandle<()>>>;

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    scheduler: Handle,
    guard: ShutdownGuard<Self>,
}

fn main() {}
