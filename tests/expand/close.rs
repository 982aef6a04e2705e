#[must_shutdown(shared)]
struct Store {
    #[shutdown(close = Cache::close)]
    cache: Cache,
    #[shutdown(after = cache, close = |file: &File| file.sync())]
    file: Option<File>,
    guard: ShutdownGuard<Self>,
}
