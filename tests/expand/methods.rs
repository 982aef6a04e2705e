#[must_shutdown(methods = "stop")]
#[deprecated]
struct Runner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}
