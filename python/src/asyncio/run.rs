//! Running an event loop from Rust.

use std::future::Future;
use std::sync::{Arc, Mutex};

use pyo3::exceptions::PyRuntimeError;
use pyo3::exceptions::asyncio::CancelledError;
use pyo3::prelude::*;

use crate::asyncio::into_py::future_into_py_with_locals;
use crate::asyncio::locals::{TaskLocals, get_running_loop};
use crate::bridge::glue;
use crate::internal::sync::lock;

/// Runs `fut` on the default runtime, under a new event loop on this thread, as `asyncio.run` does: at the end the loop's
/// other tasks are cancelled and awaited, and the loop is closed.
///
/// For a Rust program that embeds Python. `fut` can use [`into_future`](crate::into_future). Blocks this thread; Ctrl-C
/// raises `KeyboardInterrupt` here as in any Python program, and `fut` is dropped.
///
/// # Errors
///
/// What `fut` returns; `RuntimeError` if a loop runs on this thread already.
#[track_caller]
pub fn run<F, T>(py: Python<'_>, fut: F) -> PyResult<T>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + Sync + 'static,
{
    let glue = glue::get(py)?;
    // Before anything is made or begun.
    if get_running_loop(py).is_ok() {
        return Err(PyRuntimeError::new_err("`run` cannot be called while an event loop runs on this thread"));
    }
    let event_loop = glue.new_event_loop.bind(py).call0()?;
    let (future, output) = match started(&event_loop, fut) {
        Ok(started) => started,
        Err(error) => {
            event_loop.call_method0("close")?;
            return Err(error);
        }
    };
    glue.run.bind(py).call1((&event_loop, future))?;
    output.take()
}

/// Runs `fut` on the default runtime, and `event_loop` on this thread until it is ready: `loop.run_until_complete`.
///
/// # Errors
///
/// What `fut` returns; `RuntimeError` if the loop is running or closed.
#[track_caller]
pub fn run_until_complete<F, T>(event_loop: Bound<'_, PyAny>, fut: F) -> PyResult<T>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + Sync + 'static,
{
    let (future, output) = started(&event_loop, fut)?;
    glue::get(event_loop.py())?.run_until_complete.bind(event_loop.py()).call1((&event_loop, future))?;
    output.take()
}

/// What the future returned: it does not become a Python object.
struct Output<T>(Arc<Mutex<Option<T>>>);

impl<T> Output<T> {
    fn take(&self) -> PyResult<T> {
        // Python code may have resolved the future early.
        lock(&self.0).take().ok_or_else(|| CancelledError::new_err(()))
    }
}

#[track_caller]
fn started<'py, F, T>(event_loop: &Bound<'py, PyAny>, fut: F) -> PyResult<(Bound<'py, PyAny>, Output<T>)>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + Sync + 'static,
{
    let py = event_loop.py();
    let locals = TaskLocals::new(event_loop.clone()).copy_context(py)?;
    let output = Arc::new(Mutex::new(None));
    let put = Arc::clone(&output);
    let future = future_into_py_with_locals(py, locals, async move {
        let value = fut.await?;
        *lock(&put) = Some(value);
        Ok(())
    })?;
    Ok((future, Output(output)))
}
