/// Runs jobs.
#[must_shutdown(timeout = "10s")]
pub struct Runner {
    #[shutdown]
    stop: CancellationToken,
    #[shutdown]
    scheduler: JoinHandle<()>,
    #[shutdown(after = scheduler, timeout = "2s")]
    jobs: Tasks,
    #[shutdown(after = jobs, with = SqlitePool::close)]
    db: SqlitePool,
    #[shutdown(skip)]
    parent: CancellationToken,
    config: Config,
    guard: ShutdownGuard<Self>,
}
