#[must_shutdown]
pub struct Service {
    #[shutdown]
    jobs: Tasks,
    #[cfg(feature = "cache")]
    #[shutdown(after = jobs)]
    cache: Cache,
    #[cfg_attr(feature = "cache", shutdown(after = cache))]
    #[cfg_attr(not(feature = "cache"), shutdown(after = jobs))]
    db: Database,
    guard: ShutdownGuard<Self>,
}
