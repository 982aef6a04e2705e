#[must_shutdown(shared)]
pub struct Hub {
    #[shutdown]
    jobs: Tasks,
    #[shutdown(after = jobs, with = Pool::close, request = |pool| pool.stop())]
    db: Pool,
    #[shutdown(with = Pool::close)]
    spare: Option<Pool>,
    guard: ShutdownGuard<Self>,
}
