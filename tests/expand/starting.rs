#[must_shutdown(starting)]
pub struct Runner<T: Send = u8> {
    #[shutdown]
    stop: CancellationToken,
    #[shutdown(after = stop, with = Store::close)]
    pub store: Store,
    #[shutdown]
    pub(crate) held: Holder<T>,
    r#type: Option<Box<Self>>,
    guard: ShutdownGuard<Self>,
}
