use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(manual)]
struct Hand {
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
