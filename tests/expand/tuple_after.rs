#[must_shutdown(timeout = "3s")]
struct Stages<T>(
    #[shutdown] Reader,
    #[shutdown(after = 0, timeout = "1s")] Parser,
    T,
    #[shutdown(skip)] Metrics,
    #[shutdown(after = [0, 1], with = Writer::close)] Option<Writer>,
    #[shutdown(guard)] Watched<Self>,
);

#[derive(Teardown)]
struct Newtype(#[shutdown] Tasks);
