use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown(after = db)]
    cache: Tasks,
    #[shutdown(after = cache)]
    db: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
