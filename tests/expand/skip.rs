#[must_shutdown]
struct Borrower<T> {
    #[shutdown]
    own: Tasks,
    #[shutdown(skip)]
    shared: Arc<Tasks>,
    #[shutdown(skip)]
    #[cfg(test)]
    probe: Probe<T>,
    plain: (u8, [T; 2]),
    text: &'static str,
    guard: ShutdownGuard<Self>,
}
