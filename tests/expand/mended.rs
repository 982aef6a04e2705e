#[must_shutdown]
#[must_shutdown]
#[derive(Debug, sundown::Teardown, Clone)]
#[shutdown(timeout = "1s")]
struct Twice {
    #[shutdown]
    jobs: Tasks,
    guard: sundown::ShutdownGuard,
}
