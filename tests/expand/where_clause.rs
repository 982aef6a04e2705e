#[must_shutdown]
pub struct Pipeline<S, T>
where
    S: Source<Item = T> + Send + 'static,
    T: Send + 'static,
{
    #[shutdown(request = |source: &S| source.stop())]
    source: S,
    #[shutdown(after = source)]
    workers: Workers<T>,
    last: Option<T>,
    guard: ShutdownGuard<Self>,
}
