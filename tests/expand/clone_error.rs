#[must_shutdown]
#[derive(Debug, Clone)]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}
