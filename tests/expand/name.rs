#[must_shutdown(name = "the \"main\" runner")]
struct RunnerInner {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

#[derive(Teardown)]
#[teardown(name = "parts")]
struct Parts {
    #[shutdown]
    jobs: Tasks,
}
