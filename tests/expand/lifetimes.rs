#[must_shutdown(shared)]
struct Scope<'outer, 'inner: 'outer> {
    #[shutdown]
    jobs: &'outer Jobs<'inner>,
    names: &'inner [&'outer str],
    visit: fn(&'static str, &Self),
    guard: ShutdownGuard<Self>,
}
