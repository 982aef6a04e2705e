use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Runner {
    #[shutdown(after = c)]
    a: Tasks,
    #[shutdown(after = a)]
    b: Tasks,
    #[shutdown(after = [a, b])]
    c: Tasks,
    #[shutdown(after = c)]
    outside: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
