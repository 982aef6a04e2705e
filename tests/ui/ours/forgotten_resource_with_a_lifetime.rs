use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Borrowing<'a> {
    #[shutdown]
    jobs: Tasks,
    workers: &'a Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {}
