use sundown::{ShutdownGuard, must_shutdown};

trait Plugin {}

#[must_shutdown]
struct Runner {
    #[shutdown]
    plugin: Box<dyn Plugin + Send>,
    guard: ShutdownGuard<Self>,
}

fn main() {}
