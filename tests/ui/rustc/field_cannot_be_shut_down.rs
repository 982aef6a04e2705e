use sundown::{ShutdownGuard, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown]
    pool: std::collections::BTreeSet<String>,
    guard: ShutdownGuard<Self>,
}

fn main() {}
