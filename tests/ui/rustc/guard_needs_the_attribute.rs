use sundown::ShutdownGuard;

struct Runner {
    guard: ShutdownGuard<Self>,
}

fn main() {
    drop(Runner { guard: ShutdownGuard::new() });
}
