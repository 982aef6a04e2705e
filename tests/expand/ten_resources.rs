#[must_shutdown]
pub struct Service {
    #[shutdown]
    stop: CancellationToken,
    #[shutdown]
    listener: JoinHandle<()>,
    #[shutdown]
    scheduler: JoinHandle<()>,
    #[shutdown(after = listener)]
    requests: Tasks,
    #[shutdown(after = [scheduler, requests])]
    jobs: Tasks,
    #[shutdown(timeout = "1s")]
    tail: Thread,
    #[shutdown(after = jobs, timeout = "2s")]
    child: Child,
    #[shutdown(after = jobs)]
    cache: Cache,
    #[shutdown(after = [cache, child])]
    db: Database,
    #[shutdown(after = db)]
    log: Log,
    guard: ShutdownGuard<Self>,
}
