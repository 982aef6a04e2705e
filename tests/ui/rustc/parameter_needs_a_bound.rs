use sundown::{ShutdownGuard, must_shutdown};

#[must_shutdown]
struct Holder<T> {
    #[shutdown]
    inner: T,
    guard: ShutdownGuard<Self>,
}

fn main() {}
