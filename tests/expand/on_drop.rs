#[must_shutdown(on_drop = "panic", timeout = crate::limits::SHUTDOWN)]
struct Strict {
    #[shutdown(timeout = crate::limits::JOBS)]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown(on_drop = "wait", timeout = "2h 1ms")]
struct Patient {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}
