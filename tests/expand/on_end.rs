/// Imports until all is done.
#[must_shutdown]
struct Importer {
    #[shutdown(on_end = "stop")]
    work: JoinHandle<()>,
    #[shutdown(on_end = "ignore")]
    jobs: Tasks,
    #[shutdown]
    stop: CancellationToken,
    guard: ShutdownGuard<Self>,
}
