use sundown::{ShutdownGuard, must_shutdown};

#[must_shutdown]
struct Runner {
    config: String,
    guard: ShutdownGuard<Self>,
}

fn main() {}
