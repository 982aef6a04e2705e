//! A Rust future as a Python coroutine.

use std::future::Future;
use std::mem;
use std::panic::Location;
use std::sync::Mutex;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::asyncio::into_py::queued_at;
use crate::asyncio::locals::FutureLocals;
use crate::bridge::glue;
use crate::install;
use crate::internal::host::fork;
use crate::internal::sync::lock;
use crate::interpreter::{exceptions, gate, panics};
use crate::runtime::Runtime;

/// Returns a coroutine that runs `fut` on the module's default [`Runtime`]: for what wants a real one.
///
/// `asyncio.run`, `asyncio.create_task`, `TaskGroup.create_task` and `inspect.iscoroutine` accept it. As with any
/// coroutine, nothing of `fut` runs before it is awaited or made a task; one that never is warns so, and `fut` is dropped.
/// It needs no loop to be made, so that a plain function can return it to `asyncio.run`.
///
/// [`future_into_py`](crate::future_into_py) is the usual choice: its future runs from the start, and costs one Python
/// object less. The result, a cancellation and a panic cross as they do there. The loop and the context are those of the
/// task that awaits.
///
/// ```no_run
/// use pyo3::prelude::*;
/// use std::time::Duration;
///
/// /// In Python: `asyncio.run(sleep(1.0))`
/// #[pyfunction]
/// fn sleep(py: Python<'_>, seconds: f64) -> PyResult<Bound<'_, PyAny>> {
///     sundown_python::coroutine_into_py(py, async move {
///         tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
///         Ok(seconds)
///     })
/// }
/// ```
///
/// # Errors
///
/// [`ShutdownError`](crate::exceptions::ShutdownError) if the interpreter is exiting. What else
/// [`future_into_py`](crate::future_into_py) returns as an error, the coroutine raises when it is awaited.
#[track_caller]
pub fn coroutine_into_py<F, T>(py: Python<'_>, fut: F) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    coroutine(py, None, fut)
}

impl Runtime {
    /// As [`coroutine_into_py`](crate::coroutine_into_py()), on this runtime.
    ///
    /// # Errors
    ///
    /// As there; the coroutine raises [`ForkedProcessError`](crate::exceptions::ForkedProcessError) if the runtime was made
    /// before a fork.
    #[track_caller]
    pub fn coroutine_into_py<'py, F, T>(&self, py: Python<'py>, fut: F) -> PyResult<Bound<'py, PyAny>>
    where
        F: Future<Output = PyResult<T>> + Send + 'static,
        T: for<'a> IntoPyObject<'a> + Send + 'static,
    {
        coroutine(py, Some(self.clone()), fut)
    }
}

#[track_caller]
fn coroutine<F, T>(py: Python<'_>, runtime: Option<Runtime>, fut: F) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    let caller = Location::caller();
    install::ensure(py)?;
    let _pass = gate::admit("coroutine_into_py")?;
    let begin = move |py: Python<'_>| {
        let locals = FutureLocals::current(py)?;
        let runtime = match &runtime {
            Some(runtime) => runtime,
            None => Runtime::for_bridge_at(py, caller)?,
        };
        queued_at(py, runtime, locals, fut, "coroutine_into_py", caller).map(Bound::unbind)
    };
    let start = Start { begin: Mutex::new(Some(Box::new(begin))), generation: fork::generation() };
    glue::get(py)?.rust_coroutine.bind(py).call1((Bound::new(py, start)?,))
}

type Begin = dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send;

/// What the coroutine calls when it begins.
#[pyclass(frozen, module = "sundown")]
struct Start {
    begin: Mutex<Option<Box<Begin>>>,
    generation: u32,
}

#[pymethods]
impl Start {
    /// Spawns the Rust future, and returns an `asyncio.Future` of the running loop.
    fn __call__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if self.generation != fork::generation() {
            return Err(exceptions::forked_err("this coroutine"));
        }
        let begin = lock(&self.begin).take();
        begin.ok_or_else(|| PyRuntimeError::new_err("the coroutine has begun already"))?(py)
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        let begin = lock(&self.begin).take();
        if self.generation == fork::generation() {
            // What the future has is a user's: a panic of it must not cross Python's frames.
            let _ = panics::catch(|| drop(begin));
        } else {
            // What it may own is the parent's.
            mem::forget(begin);
        }
    }
}
