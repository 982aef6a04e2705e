use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Pair(#[shutdown] Tasks, #[shutdown(after = 7)] Tasks, ShutdownGuard<Self>);

fn main() {}
