use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    #[shutdown(with = async |cache, jobs| cache.close(jobs).await)]
    cache: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
