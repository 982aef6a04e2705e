//! Objects that Rust makes for Python: by a function, or by the `__aenter__` of another object.

use std::future::Future;
use std::sync::{Arc, Mutex};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyDict, PyTuple};
use pyo3::{PyClass, PyClassInitializer};

use crate::asyncio::into_py::future_into_py;
use crate::bridge::glue;
use crate::internal::host::fork::{Inheritable, PerProcess};
use crate::internal::sync::lock;
use crate::interpreter::exceptions;
use crate::interpreter::intern::interned;
use crate::object::class::Methods;
use crate::object::register;

/// A value that becomes a [registered](register()) Python object: what a future returns that makes an object.
///
/// If it never becomes one, because the Python future was cancelled meanwhile, say, it is torn down, and there is no
/// `ResourceWarning`: nobody could have closed it.
///
/// ```no_run
/// use pyo3::prelude::*;
/// use sundown_python::{Registered, ShutdownGuard, Tasks, future_into_py, pyclass_teardown};
///
/// #[pyclass_teardown]
/// #[pyclass]
/// struct Session {
///     #[shutdown]
///     requests: Tasks,
///     guard: ShutdownGuard<Self>,
/// }
///
/// #[pyclass_teardown]
/// #[pymethods]
/// impl Session {}
///
/// /// `session = await connect()`
/// #[pyfunction]
/// fn connect(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
///     future_into_py(py, async {
///         Ok(Registered::new(Session { requests: Tasks::new(), guard: ShutdownGuard::new() }))
///     })
/// }
/// # fn main() {}
/// ```
#[derive(Debug)]
#[must_use = "it is torn down when this is dropped"]
pub struct Registered<T: Methods> {
    value: Option<T>,
}

impl<T: Methods> Registered<T> {
    /// Wraps a value whose Python object is yet to be made.
    pub fn new(value: T) -> Self {
        Registered { value: Some(value) }
    }
}

impl<T: Methods> From<T> for Registered<T> {
    fn from(value: T) -> Self {
        Registered::new(value)
    }
}

impl<T: Methods> Drop for Registered<T> {
    fn drop(&mut self) {
        if let Some(value) = &self.value {
            // Closed, and so no leak.
            value.entry().begin();
        }
    }
}

impl<'py, T> IntoPyObject<'py> for Registered<T>
where
    T: Methods + PyClass + Into<PyClassInitializer<T>>,
{
    type Target = T;
    type Output = Bound<'py, T>;
    type Error = PyErr;

    fn into_pyobject(mut self, py: Python<'py>) -> PyResult<Self::Output> {
        let value = self.value.take().expect("it is taken once, by value");
        let object = Bound::new(py, value)?;
        register(&object)?;
        Ok(object)
    }
}

/// The objects that the `__aenter__` of a factory has made, and that its `__aexit__` closes: a field of a `#[pyclass]`.
///
/// The factory has no resources, and is an ordinary class. Each `async with` makes an object of its own, which is closed by
/// the `__aexit__` of the same asyncio task, the innermost first. In the meantime the exit of the interpreter closes it as
/// any other object, and so does its own `close()`.
///
/// The factory has the object once the task that awaits it has got it. A task that is cancelled earlier, also between the end
/// of the future and its own next step, has entered nothing: the object is dropped.
///
/// ```no_run
/// use pyo3::prelude::*;
/// use pyo3::types::PyTuple;
/// use sundown_python::{Factory, ShutdownGuard, Tasks, pyclass_teardown};
///
/// #[pyclass_teardown]
/// #[pyclass]
/// struct Session {
///     #[shutdown]
///     requests: Tasks,
///     guard: ShutdownGuard<Self>,
/// }
///
/// #[pyclass_teardown]
/// #[pymethods]
/// impl Session {}
///
/// /// `async with Client("localhost") as session: …`
/// #[pyclass(frozen)]
/// struct Client {
///     address: String,
///     sessions: Factory<Session>,
/// }
///
/// #[pymethods]
/// impl Client {
///     #[new]
///     fn new(address: String) -> Self {
///         Client { address, sessions: Factory::new() }
///     }
///
///     fn __aenter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
///         let address = self.address.clone();
///         self.sessions.aenter(py, async move {
///             drop(address); // connects
///             Ok(Session { requests: Tasks::new(), guard: ShutdownGuard::new() })
///         })
///     }
///
///     #[pyo3(signature = (*exception))]
///     fn __aexit__<'py>(&self, py: Python<'py>, exception: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
///         self.sessions.aexit(py, exception)
///     }
/// }
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Factory<T> {
    made: Arc<Inheritable<Made<T>>>,
}

/// Each with the address of the task that has entered it.
type Made<T> = Mutex<Vec<(usize, Py<T>)>>;

impl<T> Factory<T> {
    /// A factory that has made nothing.
    #[must_use]
    pub fn new() -> Self {
        Factory { made: Arc::new(Inheritable::new(Mutex::default())) }
    }
}

impl<T> Default for Factory<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Factory<T>
where
    T: Methods + PyClass + Into<PyClassInitializer<T>> + Send,
{
    /// What `__aenter__` returns: an awaitable of the object that is made of what `fut` makes, and registered. The
    /// future runs as by [`future_into_py`].
    ///
    /// # Errors
    ///
    /// As [`future_into_py`]; `ForkedProcessError` in a forked child.
    #[track_caller]
    pub fn aenter<'py, F>(&self, py: Python<'py>, fut: F) -> PyResult<Bound<'py, PyAny>>
    where
        F: Future<Output = PyResult<T>> + Send + 'static,
    {
        self.made()?;
        let (task, made) = (current_task(py)?, Arc::clone(&self.made));
        let enter = move |arguments: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
            let object = arguments.get_item(0)?.cast_into::<T>()?.unbind();
            if let Some(made) = made.get() {
                lock(made).push((task, object));
            }
            PyResult::Ok(())
        };
        let future = future_into_py(py, async move { fut.await.map(Registered::new) })?;
        glue::get(py)?.entering.bind(py).call1((future, PyCFunction::new_closure(py, None, None, enter)?))
    }

    /// What `__aexit__` returns: an awaitable that ends when the object is closed that this task has entered last; if it has
    /// entered none, the one that was entered last. `exception` is what `__aexit__` got. The object's own `__aexit__` is
    /// called, also one of a subclass.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if there is none to be closed; `ForkedProcessError` in a forked child.
    pub fn aexit<'py>(&self, py: Python<'py>, exception: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        let task = current_task(py)?;
        let object = {
            let mut made = lock(self.made()?);
            let own = made.iter().rposition(|(by, _)| *by == task).or(made.len().checked_sub(1));
            own.map(|index| made.remove(index).1)
        };
        let none = || pyo3::exceptions::PyRuntimeError::new_err("`__aexit__` without `__aenter__`");
        let object = object.ok_or_else(none)?;
        object.bind(py).as_any().getattr(interned!(py, "__aexit__"))?.call1(exception)
    }

    fn made(&self) -> PyResult<&Made<T>> {
        self.made.get().ok_or_else(|| exceptions::forked_err("the factory"))
    }
}

/// The address of the asyncio task that runs: it lives at least until its `async with` ends.
fn current_task(py: Python<'_>) -> PyResult<usize> {
    static CURRENT_TASK: PerProcess<PyOnceLock<Py<PyAny>>> = PerProcess::new(PyOnceLock::new);
    Ok(CURRENT_TASK.get().import(py, "asyncio", "current_task")?.call0()?.as_ptr().addr())
}
