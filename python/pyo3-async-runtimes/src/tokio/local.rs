//! The deprecated functions for futures that are not `Send`: a compile error that says what to do.

use std::future::Future;

use pyo3::prelude::*;

use crate::TaskLocals;
use crate::unsupported::LocalFuture;

/// Not supported: make the future `Send` and call [`future_into_py_with_locals`](super::future_into_py_with_locals).
#[deprecated(since = "0.18.0", note = "not supported: make the future `Send`, call `future_into_py_with_locals`")]
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

/// Not supported: make the future `Send` and call [`future_into_py`](super::future_into_py).
#[deprecated(since = "0.18.0", note = "not supported: make the future `Send`, call `future_into_py`")]
pub fn local_future_into_py<F, T>(_py: Python<'_>, _fut: F) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = PyResult<T>> + LocalFuture,
{
    F::never()
}
