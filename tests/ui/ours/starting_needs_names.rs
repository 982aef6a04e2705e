use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(starting)]
struct Runner(#[shutdown] Tasks, ShutdownGuard<Self>);

fn main() {}
