#[must_shutdown]
struct Options<'a, T> {
    #[shutdown(with = Pool::close)]
    by_path: Option<Pool>,
    #[shutdown(with = |pool| pool.close())]
    by_value: Option<Pool>,
    #[shutdown(with = async |pool: &mut Pool| pool.close().await, force = |pool: &mut Option<Pool>| *pool = None)]
    by_ref: Option<Pool>,
    #[shutdown(request = |tx| tx.send(()))]
    sender: Option<oneshot::Sender<()>>,
    #[shutdown(with = Held::close)]
    not_detachable: Option<Held<'a, T>>,
    guard: ShutdownGuard<Self>,
}
