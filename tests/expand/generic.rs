#[must_shutdown(timeout = LIMIT, on_drop = "wait", name = "Server", crate = crate::vendored::sundown)]
pub(crate) struct Server<'a, F, T: Teardown + Send = Tasks, const N: usize = 4>
where
    F: Fn(&T) -> u32,
{
    #[shutdown]
    inner: T,
    #[shutdown(after = inner, with = async |pool| pool.close().await)]
    pools: [Pool<'a>; N],
    check: F,
    label: &'a str,
    next: Option<Box<Self>>,
    #[shutdown(guard)]
    watched: Watched<T>,
}

#[must_shutdown]
struct Borrowed<'a> {
    #[shutdown]
    jobs: &'a Tasks,
    parent: Option<&'a Borrowed<'a>>,
    guard: ShutdownGuard<Self>,
}
