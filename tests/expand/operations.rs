#[must_shutdown]
struct Operations {
    #[shutdown(with = Pool::close)]
    path: Pool,
    #[shutdown(with = async |pool: &mut Pool| pool.close().await)]
    async_closure: Pool,
    #[shutdown(with = |pool| Box::pin(pool.close()))]
    closure: Pool,
    #[shutdown(request = Worker::stop, with = Worker::join, force = Worker::kill)]
    all: Worker,
    #[shutdown(request = |worker: &Worker| worker.stop(), force = |worker: &mut Worker| worker.kill())]
    by_their_parameters: Worker,
    #[shutdown(force = <Worker as Kill>::kill)]
    qualified: Worker,
    guard: ShutdownGuard<Self>,
}
