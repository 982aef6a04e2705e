//! A Python awaitable as a Rust future.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pyo3::exceptions::PyRuntimeError;
use pyo3::exceptions::asyncio::CancelledError;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::asyncio::locals::{TaskLocals, copy_context, get_current_locals};
use crate::bridge::{Asked, Bridge, Op};
use crate::install;
use crate::interpreter::{exceptions, gate};

/// Awaits `awaitable` on the event loop of [`get_current_locals`], and returns its result to Rust.
///
/// It runs as an `asyncio.Task` in the context of those locals, from the first poll of the future at the latest. An
/// exception comes back with its type, its traceback and its cause; `asyncio.CancelledError` if the task was cancelled
/// or its loop closed. `KeyboardInterrupt` and `SystemExit` come back too, and also stop the loop, as they do in any
/// task.
///
/// ```no_run
/// use pyo3::prelude::*;
///
/// #[pyfunction]
/// fn twice<'py>(py: Python<'py>, coroutine: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
///     let result = sundown_python::into_future(coroutine)?;
///     sundown_python::future_into_py(py, async move {
///         let value = result.await?;
///         Python::attach(|py| value.call_method1(py, "__mul__", (2,)))
///     })
/// }
/// ```
///
/// # Errors
///
/// `RuntimeError` if there is no loop or it is closed; [`ShutdownError`](crate::exceptions::ShutdownError) if the
/// interpreter is exiting.
///
/// # Cancel safety
///
/// Dropping the future cancels the Python task.
pub fn into_future(awaitable: Bound<'_, PyAny>) -> PyResult<impl Future<Output = PyResult<Py<PyAny>>> + Send + use<>> {
    into_future_with_locals(&get_current_locals(awaitable.py())?, awaitable)
}

/// As [`into_future`], on the loop and in the context of `locals`.
///
/// # Errors
///
/// As [`into_future`].
pub fn into_future_with_locals(
    locals: &TaskLocals,
    awaitable: Bound<'_, PyAny>,
) -> PyResult<impl Future<Output = PyResult<Py<PyAny>>> + Send + use<>> {
    let py = awaitable.py();
    install::ensure(py)?;
    let _pass = gate::admit("into_future")?;
    let bridge = Bridge::of(&locals.event_loop(py))?;
    // Without one, the caller's, as `loop.call_soon_threadsafe` takes it: the loop has none when it gets there.
    let context = locals.own_context(py).map_or_else(|| Ok(copy_context(py)?.unbind()), PyResult::Ok)?;
    let asked = Asked::Awaitable { awaitable: awaitable.unbind(), context: Some(context) };
    Answered::ask(bridge, asked, Op::Await, |value| Ok(value.unbind()))
}

/// The answer of Python to something that was asked through a bridge.
#[derive(Debug)]
#[must_use = "dropping it cancels what it waits for"]
pub(crate) struct Answered<T> {
    answered: oneshot::Receiver<PyResult<T>>,
    /// None once it was answered.
    asked: Option<(Arc<Bridge>, u64)>,
    /// Whether the loop was woken for it.
    announced: bool,
}

impl<T> Answered<T> {
    /// Queues what `op` returns for the loop, which is woken at the first poll and not now: the caller is attached, and the
    /// loop would wake up only to wait for the GIL. What Python answers goes through `extract`, attached.
    pub(crate) fn ask(
        bridge: Arc<Bridge>,
        asked: Asked,
        op: impl FnOnce(u64) -> Op,
        extract: impl FnOnce(Bound<'_, PyAny>) -> PyResult<T> + Send + 'static,
    ) -> PyResult<Self>
    where
        T: Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let key = bridge.expect(Box::new(move |result| drop(answer.send(result.and_then(extract)))), asked);
        if bridge.put(op(key)).is_err() {
            bridge.withdraw(key);
            return Err(PyRuntimeError::new_err("Event loop is closed"));
        }
        Ok(Answered { answered, asked: Some((bridge, key)), announced: false })
    }
}

impl<T> Future for Answered<T> {
    type Output = PyResult<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<PyResult<T>> {
        if self.asked.as_ref().is_some_and(|(bridge, _)| !bridge.is_ours()) {
            return Poll::Ready(Err(exceptions::forked_err("the event loop of this future")));
        }
        if !self.announced {
            self.announced = true;
            if let Some((bridge, _)) = &self.asked {
                bridge.announce();
            }
        }
        let answer = std::task::ready!(Pin::new(&mut self.answered).poll(cx));
        self.asked = None;
        // The loop was closed before it answered.
        Poll::Ready(answer.unwrap_or_else(|_| Err(CancelledError::new_err(()))))
    }
}

impl<T> Drop for Answered<T> {
    fn drop(&mut self) {
        if let Some((bridge, key)) = self.asked.take() {
            bridge.give_up(key);
            // What was not begun is cancelled on the loop.
            bridge.announce();
        }
    }
}
