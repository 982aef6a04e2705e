use sundown::{ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(starting)]
struct Runner {
    #[shutdown]
    finish: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {
    let start = Runner::starting().finish(Tasks::new());
    drop(start);
}
