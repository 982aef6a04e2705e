//! Runtimes of the user's own: not supported. Calling a function of this module is a compile error that says what to do.
//!
//! The bridge needs to know its runtime: what it runs must end before the interpreter does. The traits are here so that
//! an implementation of them is not a second error.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;

use pyo3::prelude::*;

use crate::TaskLocals;
use crate::unsupported::{AnyRuntime, LocalFuture};

/// As in the original; nothing uses it.
pub trait JoinError {
    /// Whether the task panicked.
    fn is_panic(&self) -> bool;

    /// The panic's payload.
    fn into_panic(self) -> Box<dyn Any + Send + 'static>;
}

/// As in the original; nothing uses it.
pub trait Runtime: Send + 'static {
    /// How a task failed.
    type JoinError: JoinError + Send;
    /// A task.
    type JoinHandle: Future<Output = Result<(), Self::JoinError>> + Send;

    /// Spawns a task.
    fn spawn<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + Send + 'static;

    /// Runs a function where it may block.
    fn spawn_blocking<F>(f: F) -> Self::JoinHandle
    where
        F: FnOnce() + Send + 'static;
}

/// As in the original; nothing uses it.
pub trait SpawnLocalExt: Runtime {
    /// Spawns a task on this thread.
    fn spawn_local<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + 'static;
}

/// As in the original; nothing uses it.
pub trait ContextExt: Runtime {
    /// The future, with the locals set while it is polled.
    fn scope<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static;

    /// The locals of the current task.
    fn get_task_locals() -> Option<TaskLocals>;
}

/// As in the original; nothing uses it.
pub trait LocalContextExt: Runtime {
    /// The future, with the locals set while it is polled.
    fn scope_local<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R>>>
    where
        F: Future<Output = R> + 'static;
}

/// Not supported: call [`tokio::get_current_loop`](crate::tokio::get_current_loop).
pub fn get_current_loop<R: AnyRuntime>(_py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    R::never()
}

/// Not supported: call [`tokio::get_current_locals`](crate::tokio::get_current_locals).
pub fn get_current_locals<R: AnyRuntime>(_py: Python<'_>) -> PyResult<TaskLocals> {
    R::never()
}

/// Not supported: call [`tokio::run_until_complete`](crate::tokio::run_until_complete).
pub fn run_until_complete<R, F, T>(_event_loop: &Bound<'_, PyAny>, _fut: F) -> PyResult<T>
where
    R: AnyRuntime,
    F: Future<Output = PyResult<T>>,
{
    R::never()
}

/// Not supported: call [`tokio::run`](crate::tokio::run).
pub fn run<R, F, T>(_py: Python<'_>, _fut: F) -> PyResult<T>
where
    R: AnyRuntime,
    F: Future<Output = PyResult<T>>,
{
    R::never()
}

/// Not supported: call [`tokio::into_future`](crate::tokio::into_future).
pub fn into_future<R: AnyRuntime>(
    _awaitable: Bound<'_, PyAny>,
) -> PyResult<impl Future<Output = PyResult<Py<PyAny>>> + Send + use<R>> {
    if true {
        R::never()
    }
    Ok(std::future::pending())
}

/// Not supported: call [`tokio::future_into_py_with_locals`](crate::tokio::future_into_py_with_locals).
pub fn future_into_py_with_locals<R, F, T>(_py: Python<'_>, _locals: TaskLocals, _fut: F) -> PyResult<Bound<'_, PyAny>>
where
    R: AnyRuntime,
    F: Future<Output = PyResult<T>>,
{
    R::never()
}

/// Not supported: call [`tokio::future_into_py`](crate::tokio::future_into_py).
pub fn future_into_py<R, F, T>(_py: Python<'_>, _fut: F) -> PyResult<Bound<'_, PyAny>>
where
    R: AnyRuntime,
    F: Future<Output = PyResult<T>>,
{
    R::never()
}

/// Not supported: make the future `Send` and call
/// [`tokio::future_into_py_with_locals`](crate::tokio::future_into_py_with_locals).
#[deprecated(since = "0.18.0", note = "not supported")]
pub fn local_future_into_py_with_locals<R, F, T>(
    _py: Python<'_>,
    _locals: TaskLocals,
    _fut: F,
) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = PyResult<T>> + LocalFuture,
{
    F::never()
}

/// Not supported: make the future `Send` and call [`tokio::future_into_py`](crate::tokio::future_into_py).
#[deprecated(since = "0.18.0", note = "not supported")]
pub fn local_future_into_py<R, F, T>(_py: Python<'_>, _fut: F) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = PyResult<T>> + LocalFuture,
{
    F::never()
}
