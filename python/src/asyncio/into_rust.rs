//! A Python awaitable as a Rust future.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pyo3::exceptions::asyncio::CancelledError;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::asyncio::locals::{TaskLocals, copy_context, get_current_locals, polled_future};
use crate::bridge::{self, Asked, Bridge, Op};
use crate::install;
use crate::interpreter::{exceptions, gate};

/// Awaits `awaitable` on the event loop of [`get_current_locals`], and returns its result to Rust.
///
/// It runs as an `asyncio.Task` in the context of those locals, from the first poll of the future on: to have it run
/// before it is awaited, spawn the future. An exception comes back with its type, its traceback and its cause;
/// `asyncio.CancelledError` if the task was cancelled or its loop closed. `KeyboardInterrupt` and `SystemExit` come
/// back too, and also stop the loop, as they do in any task.
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
/// `RuntimeError` if there is no loop, or it is closed; from the `.await`, also if a future belongs to another loop;
/// [`ShutdownError`](crate::exceptions::ShutdownError) if the interpreter is exiting; `asyncio.CancelledError` if the Python
/// future around the caller was cancelled. Unless there is no loop, a coroutine that has not begun is closed then, and
/// CPython does not warn that it was never awaited.
///
/// # Cancel safety
///
/// Dropping the future cancels the Python task; [`into_future_shielded`] lets it run on. Where the Rust half of a
/// [`future_into_py`](crate::future_into_py()) polls it, on the same loop, `cancel()` of that Python future cancels the
/// Python task at once, before it returns.
pub fn into_future(awaitable: Bound<'_, PyAny>) -> PyResult<impl Future<Output = PyResult<Py<PyAny>>> + Send + use<>> {
    into_future_with_locals(&locals_for(&awaitable)?, awaitable)
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
    ask_for(locals, awaitable)
}

/// As [`into_future`]; but what has begun runs to its end also if Rust stops waiting for it, as under
/// [`asyncio.shield`](https://docs.python.org/3/library/asyncio-task.html#asyncio.shield).
///
/// For what must not stop half-way, and for what several futures wait for
/// ([`FutureExt::shared`](https://docs.rs/futures/latest/futures/future/trait.FutureExt.html#method.shared)): the
/// cancellation of one would be that of all.
///
/// # Errors
///
/// As [`into_future`]. If Rust no longer waits, an exception goes to the loop's exception handler.
///
/// # Cancel safety
///
/// Dropped after its first poll, the Python task goes on; the bridge owns it until it ends. Dropped before, it never
/// begins.
pub fn into_future_shielded(
    awaitable: Bound<'_, PyAny>,
) -> PyResult<impl Future<Output = PyResult<Py<PyAny>>> + Send + use<>> {
    into_future_shielded_with_locals(&locals_for(&awaitable)?, awaitable)
}

/// As [`into_future_shielded`], on the loop and in the context of `locals`.
///
/// # Errors
///
/// As [`into_future_shielded`].
pub fn into_future_shielded_with_locals(
    locals: &TaskLocals,
    awaitable: Bound<'_, PyAny>,
) -> PyResult<impl Future<Output = PyResult<Py<PyAny>>> + Send + use<>> {
    let mut answered = ask_for(locals, awaitable)?;
    answered.shielded = true;
    Ok(answered)
}

/// Those of the caller. If its Python future was cancelled meanwhile nothing will ever await a coroutine.
pub(crate) fn locals_for(awaitable: &Bound<'_, PyAny>) -> PyResult<TaskLocals> {
    let py = awaitable.py();
    get_current_locals(py).inspect_err(|error| {
        if error.is_instance_of::<CancelledError>(py) {
            bridge::close_coroutines(py, [awaitable.clone().unbind()]);
        }
    })
}

/// Closes a coroutine that has not begun, if it is refused.
pub(crate) fn ask_for(locals: &TaskLocals, awaitable: Bound<'_, PyAny>) -> PyResult<Answered<Py<PyAny>>> {
    let py = awaitable.py();
    try_ask_for(locals, awaitable.clone()).inspect_err(|_| bridge::close_coroutines(py, [awaitable.unbind()]))
}

fn try_ask_for(locals: &TaskLocals, awaitable: Bound<'_, PyAny>) -> PyResult<Answered<Py<PyAny>>> {
    let py = awaitable.py();
    install::ensure(py)?;
    let _pass = gate::admit("into_future")?;
    let bridge = Bridge::of(&locals.event_loop(py))?;
    // Without one, the caller's, as `loop.call_soon_threadsafe` takes it: the loop has none when it gets there.
    let context = locals.own_context(py).map_or_else(|| Ok(copy_context(py)?.unbind()), PyResult::Ok)?;
    let asked = Asked::Awaitable { awaitable: awaitable.unbind(), context: Some(context) };
    Answered::awaitable(bridge, asked, |value| Ok(value.unbind()))
}

/// The answer of Python to something that was asked through a bridge.
#[derive(Debug)]
#[must_use = "dropping it cancels what it waits for"]
pub(crate) struct Answered<T> {
    answered: oneshot::Receiver<PyResult<T>>,
    /// The answer, if it came to a Rust half whose Python future was cancelled.
    arrived: Option<PyResult<T>>,
    /// None once it was answered.
    asked: Option<(Arc<Bridge>, u64)>,
    /// Whether the loop knows of it. What it does not know of is an awaitable.
    sent: bool,
    /// The Python future, of the same bridge, whose Rust half polled this last.
    awaited_by: Option<u64>,
    /// Once begun it runs on when this is dropped.
    shielded: bool,
}

impl<T: Send + 'static> Answered<T> {
    fn new(
        bridge: Arc<Bridge>,
        asked: Asked,
        extract: impl FnOnce(Bound<'_, PyAny>) -> PyResult<T> + Send + 'static,
    ) -> Self {
        let (answer, answered) = oneshot::channel();
        let key = bridge.expect(Box::new(move |result| drop(answer.send(result.and_then(extract)))), asked);
        Answered { answered, arrived: None, asked: Some((bridge, key)), sent: false, awaited_by: None, shielded: false }
    }

    /// Asks for an awaitable, which begins when this is first polled. What Python answers goes through `extract`, attached.
    ///
    /// # Errors
    ///
    /// If the loop is closed.
    fn awaitable(
        bridge: Arc<Bridge>,
        asked: Asked,
        extract: impl FnOnce(Bound<'_, PyAny>) -> PyResult<T> + Send + 'static,
    ) -> PyResult<Self> {
        if !bridge.is_open() {
            return Err(bridge.closed_err());
        }
        Ok(Self::new(bridge, asked, extract))
    }

    /// Sends what `op` returns to the loop, now. What Python answers goes through `extract`, attached.
    ///
    /// # Errors
    ///
    /// If the loop is closed.
    pub(crate) fn call(
        bridge: Arc<Bridge>,
        op: impl FnOnce(u64) -> Op,
        extract: impl FnOnce(Bound<'_, PyAny>) -> PyResult<T> + Send + 'static,
    ) -> PyResult<Self> {
        Self::new(bridge, Asked::Call, extract).sent(op)
    }

    /// Lets what is to be awaited begin now, before the first poll.
    ///
    /// # Errors
    ///
    /// If the loop is closed.
    pub(crate) fn begun(self) -> PyResult<Self> {
        self.sent(Op::Await)
    }

    fn sent(mut self, op: impl FnOnce(u64) -> Op) -> PyResult<Self> {
        if self.send(op) {
            return Ok(self);
        }
        let Some((bridge, key)) = self.asked.take() else { unreachable!("nothing has answered yet") };
        bridge.withdraw(key);
        Err(bridge.closed_err())
    }
}

impl<T> Answered<T> {
    /// Whether the loop will see it. If not, its bridge is closed, and nothing answers.
    fn send(&mut self, op: impl FnOnce(u64) -> Op) -> bool {
        // Before it can begin: the cancellation of the Python future finds all that has begun for it.
        self.note_who_polls();
        self.sent = true;
        self.asked.as_ref().is_some_and(|(bridge, key)| bridge.push(op(*key)).is_ok())
    }

    fn note_who_polls(&mut self) {
        if !self.shielded {
            let future = self.asked.as_ref().and_then(|(bridge, _)| polled_future(bridge));
            self.set_awaited_by(future);
        }
    }

    /// Whether the Python future around it was cancelled.
    fn is_polled_in_vain(&self) -> bool {
        match (&self.asked, self.awaited_by) {
            (Some((bridge, _)), Some(future)) => !bridge.is_awaited(future),
            _ => false,
        }
    }

    /// Whose cancellation is to reach it.
    fn set_awaited_by(&mut self, future: Option<u64>) {
        if let Some((bridge, key)) = &self.asked
            && self.awaited_by != future
        {
            bridge.set_awaited_by(*key, self.awaited_by, future);
            self.awaited_by = future;
        }
    }
}

impl<T> Unpin for Answered<T> {}

impl<T> Future for Answered<T> {
    type Output = PyResult<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<PyResult<T>> {
        if self.asked.as_ref().is_some_and(|(bridge, _)| !bridge.is_ours()) {
            return Poll::Ready(Err(exceptions::forked_err("the event loop of this future")));
        }
        if self.sent {
            self.note_who_polls();
        } else {
            self.send(Op::Await);
        }
        let answer = if let Some(answer) = self.arrived.take() {
            answer
        } else {
            let received = std::task::ready!(Pin::new(&mut self.answered).poll(cx));
            // An error: the loop was closed before it answered.
            let answer = received.unwrap_or_else(|_| Err(CancelledError::new_err(())));
            if self.is_polled_in_vain() {
                // A worker was slow: this poll began before the task was aborted, and the next one does not come. Unless
                // another future shares this one.
                self.arrived = Some(answer);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            answer
        };
        self.set_awaited_by(None);
        self.asked = None;
        Poll::Ready(answer)
    }
}

impl<T> Drop for Answered<T> {
    fn drop(&mut self) {
        self.set_awaited_by(None);
        let Some((bridge, key)) = self.asked.take() else { return };
        if self.shielded && self.sent {
            bridge.release(key);
            return;
        }
        bridge.give_up(key);
        if !self.sent {
            // A coroutine that never began is closed on the loop.
            let _ = bridge.push(Op::Await(key));
        }
    }
}
