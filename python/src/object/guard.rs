//! The bridge of an object: its guard spawns futures that belong to it.

use std::future::Future;

use pyo3::prelude::*;
use sundown::ShutdownGuard;

use crate::asyncio::into_py::owned_into_py;
use crate::internal::value::run;
use crate::object::class::Class;
use crate::object::find::{closed_err, forked_err};
use crate::object::futures::Futures;
use crate::object::state::ObjectState;

/// The bridge of a `#[pyclass_teardown]` class: methods of its guard. `use sundown_python::ShutdownGuardExt as _`.
///
/// The futures run on the [module-wide runtime](crate::get_runtime), and belong to the object: no future outlives it, and it
/// needs neither a runtime of its own nor tokens. `close()`, the drop of the object and the exit of the interpreter stop
/// them first; the fields, which they use, are stopped when the last of them is gone. The report has them as
/// `Client.guard`.
///
/// ```no_run
/// use pyo3::prelude::*;
/// use sundown_python::{Shared, ShutdownGuard, ShutdownGuardExt as _, pyclass_teardown};
/// # use sundown_python::Tasks as Connection;
///
/// #[pyclass_teardown(timeout = "5s")]
/// #[pyclass]
/// struct Client {
///     #[shutdown]
///     connection: Connection,
///     guard: ShutdownGuard<Self>,
/// }
///
/// #[pyclass_teardown]
/// #[pymethods]
/// impl Client {
///     fn get<'py>(&self, py: Python<'py>, key: String) -> PyResult<Bound<'py, PyAny>> {
///         self.guard.future_into_py(py, async move { Ok(format!("the value of {key}")) })
///     }
///
///     fn put<'py>(&self, py: Python<'py>, key: String) -> PyResult<Bound<'py, PyAny>> {
///         self.guard.future_into_py_drained(py, async move { Ok(()) })
///     }
/// }
/// # fn main() {}
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no bridge of its own",
    note = "a `ShutdownGuard<T>` has one if `T` is a `#[pyclass]` with `#[pyclass_teardown]`"
)]
pub trait ShutdownGuardExt: sealed::Sealed {
    /// As [`future_into_py`](crate::future_into_py()), for a future of this object: when the object is closed the future
    /// is dropped, at its next `await`. Who awaits it then gets a [`ShutdownError`](crate::exceptions::ShutdownError).
    ///
    /// # Errors
    ///
    /// As there; `ShutdownError` if the object is closed;
    /// [`ForkedProcessError`](crate::exceptions::ForkedProcessError) in a forked child.
    #[track_caller]
    fn future_into_py<'py, F, T>(&self, py: Python<'py>, fut: F) -> PyResult<Bound<'py, PyAny>>
    where
        F: Future<Output = PyResult<T>> + Send + 'static,
        T: for<'a> IntoPyObject<'a> + Send + 'static;

    /// As [`future_into_py`](Self::future_into_py), but when the object is closed `fut` is waited for: until its share
    /// of the object's timeout is over, then it is dropped. For what must not stop half-way; one that wants to end
    /// earlier awaits the guard's [`stop_token`](ShutdownGuard::stop_token).
    ///
    /// It is drained by `close`, and not by its own Python future: if that is cancelled, it is dropped at its next `await`.
    ///
    /// # Errors
    ///
    /// As [`future_into_py`](Self::future_into_py).
    #[track_caller]
    fn future_into_py_drained<'py, F, T>(&self, py: Python<'py>, fut: F) -> PyResult<Bound<'py, PyAny>>
    where
        F: Future<Output = PyResult<T>> + Send + 'static,
        T: for<'a> IntoPyObject<'a> + Send + 'static;
}

mod sealed {
    pub trait Sealed {}
    impl<T: super::Class> Sealed for sundown::ShutdownGuard<T> {}
}

impl<C: Class> ShutdownGuardExt for ShutdownGuard<C> {
    #[track_caller]
    fn future_into_py<'py, F, T>(&self, py: Python<'py>, fut: F) -> PyResult<Bound<'py, PyAny>>
    where
        F: Future<Output = PyResult<T>> + Send + 'static,
        T: for<'a> IntoPyObject<'a> + Send + 'static,
    {
        owned_into_py(py, &futures(self)?.cancelled, || closed_err(C::SPEC.name), fut)
    }

    #[track_caller]
    fn future_into_py_drained<'py, F, T>(&self, py: Python<'py>, fut: F) -> PyResult<Bound<'py, PyAny>>
    where
        F: Future<Output = PyResult<T>> + Send + 'static,
        T: for<'a> IntoPyObject<'a> + Send + 'static,
    {
        owned_into_py(py, &futures(self)?.drained, || closed_err(C::SPEC.name), fut)
    }
}

fn futures<C: Class>(guard: &ShutdownGuard<C>) -> PyResult<&Futures> {
    let entry = run::entry(guard);
    if entry.is_inherited() {
        return Err(forked_err(C::SPEC.name));
    }
    ObjectState::of(entry).futures(entry.location).ok_or_else(|| closed_err(C::SPEC.name))
}
