//! async-std: not supported. Using this module is a compile error that says what to do.
//!
//! async-std is discontinued, and the bridge needs to know its runtime: what it runs must end before the interpreter does.

use std::future::Future;

use pyo3::prelude::*;

use crate::TaskLocals;
use crate::unsupported::{AsyncStdFuture, LocalFuture};

#[cfg(feature = "attributes")]
pub use sundown_macros::{__shim_async_std_main as main, __shim_async_std_test as test};
pub use sundown_python::__rt::python::into_future;
pub use sundown_python::{get_current_locals, get_current_loop};

/// Not supported: call [`tokio::scope`](crate::tokio::scope).
pub async fn scope<F, R>(_locals: TaskLocals, _fut: F) -> R
where
    F: Future<Output = R> + AsyncStdFuture,
{
    F::never()
}

/// Not supported: call [`tokio::scope_local`](crate::tokio::scope_local).
pub async fn scope_local<F, R>(_locals: TaskLocals, _fut: F) -> R
where
    F: Future<Output = R> + AsyncStdFuture,
{
    F::never()
}

/// Not supported: call [`tokio::run_until_complete`](crate::tokio::run_until_complete).
pub fn run_until_complete<F, T>(_event_loop: Bound<'_, PyAny>, _fut: F) -> PyResult<T>
where
    F: Future<Output = PyResult<T>> + AsyncStdFuture,
{
    F::never()
}

/// Not supported: call [`tokio::run`](crate::tokio::run).
pub fn run<F, T>(_py: Python<'_>, _fut: F) -> PyResult<T>
where
    F: Future<Output = PyResult<T>> + AsyncStdFuture,
{
    F::never()
}

/// Not supported: call [`tokio::future_into_py_with_locals`](crate::tokio::future_into_py_with_locals).
pub fn future_into_py_with_locals<F, T>(_py: Python<'_>, _locals: TaskLocals, _fut: F) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = PyResult<T>> + AsyncStdFuture,
{
    F::never()
}

/// Not supported: call [`tokio::future_into_py`](crate::tokio::future_into_py).
pub fn future_into_py<F, T>(_py: Python<'_>, _fut: F) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = PyResult<T>> + AsyncStdFuture,
{
    F::never()
}

/// Not supported: make the future `Send` and call
/// [`tokio::future_into_py_with_locals`](crate::tokio::future_into_py_with_locals).
#[deprecated(since = "0.18.0", note = "not supported")]
pub fn local_future_into_py_with_locals<F, T>(
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
pub fn local_future_into_py<F, T>(_py: Python<'_>, _fut: F) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = PyResult<T>> + LocalFuture,
{
    F::never()
}

/// async-std's streams are the trait of every runtime.
#[cfg(feature = "unstable-streams")]
pub use sundown_python::{into_stream_v1, into_stream_v2, into_stream_with_locals_v1, into_stream_with_locals_v2};
