use sundown::{Report, ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown]
struct Owner {
    #[shutdown]
    tasks: Tasks,
    guard: ShutdownGuard<Self>,
}

fn main() {
    let owner = Owner { tasks: Tasks::new(), guard: ShutdownGuard::new() };
    let _ = owner.guard.finish(Report::new("Owner"));
}
