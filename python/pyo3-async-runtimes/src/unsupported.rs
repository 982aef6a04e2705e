//! What is not supported, told by the compiler where it is used.
//!
//! A function of which nothing is left but its name has a bound that nothing satisfies. So the error is one, it is at the
//! call, and code that has the feature on but does not use it compiles.

/// A runtime of the user's own. Implemented by none.
#[diagnostic::on_unimplemented(
    message = "`pyo3_async_runtimes::generic` is not supported",
    label = "the bridge runs on tokio alone",
    note = "call the function of the same name in `pyo3_async_runtimes::tokio`, without the runtime's type"
)]
pub trait AnyRuntime {
    /// Stands for the value that is never made.
    fn never() -> !;
}

/// A future that cannot be sent to another thread. Implemented by none.
#[diagnostic::on_unimplemented(
    message = "the `local_*` functions are not supported",
    label = "a future runs on the runtime's threads: it must be `Send`",
    note = "make the future `Send` and call the function without `local_`, or run the future in a `LocalSet` on a \
            thread of its own and send what it returns through a channel"
)]
pub trait LocalFuture {
    /// Stands for the value that is never made.
    fn never() -> !;
}

/// A future on async-std. Implemented by none.
#[cfg(feature = "async-std-runtime")]
#[diagnostic::on_unimplemented(
    message = "async-std is not supported",
    label = "the bridge runs on tokio alone",
    note = "turn on the feature `tokio-runtime` and call the function of the same name in `pyo3_async_runtimes::tokio`"
)]
pub trait AsyncStdFuture {
    /// Stands for the value that is never made.
    fn never() -> !;
}
