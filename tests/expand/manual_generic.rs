#[must_shutdown(manual, name = "Connection", timeout = LIMIT, crate = vendored)]
pub struct Connection<'a, T: Transport, const N: usize> {
    #[shutdown]
    transport: T,
    #[shutdown(skip)]
    parent: &'a Tasks,
    buffers: [Vec<u8>; N],
    guard: ShutdownGuard<Self>,
}
