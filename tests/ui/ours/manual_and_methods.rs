use sundown::{ShutdownGuard, must_shutdown};

#[must_shutdown(manual, methods = "stop")]
struct Device {
    #[shutdown]
    descriptor: i32,
    guard: ShutdownGuard<Self>,
}

fn main() {}
