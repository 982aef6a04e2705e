#[must_shutdown(manual, on_drop = "log")]
pub struct Hand {
    #[shutdown(timeout = "1s")]
    socket: RawFd,
    #[shutdown(after = socket)]
    log: File,
    count: u32,
    guard: ShutdownGuard<Self>,
}
