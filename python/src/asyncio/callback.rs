//! Calling Python from Rust.

use std::fmt;
use std::sync::Arc;

use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tokio::sync::Semaphore;

use crate::asyncio::into_rust::Answered;
use crate::asyncio::locals::{TaskLocals, get_current_locals};
use crate::bridge::{self, Bridge, Op};
use crate::install;
use crate::interpreter::{exceptions, gate, panics};

/// A Python callable that Rust calls, from any task or thread, without attaching to Python.
///
/// The call runs on the event loop that ran when the `Callback` was made, in the context of then; or, if none did or it was
/// made by [`on_thread`](Self::on_thread), on a Python thread of its own. So a callable that is slow or stuck holds up its
/// loop or its thread, never a worker, and is no danger when the interpreter exits. A callable may be async if it has a
/// loop.
///
/// At most [`IN_FLIGHT`](Self::IN_FLIGHT) calls are under way at a time; more wait for their turn.
///
/// ```no_run
/// use pyo3::prelude::*;
/// use sundown_python::{Callback, future_into_py};
///
/// #[pyfunction]
/// fn count<'py>(py: Python<'py>, on_number: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
///     let callback = Callback::new(&on_number)?;
///     future_into_py(py, async move {
///         for number in 0..3 {
///             let go_on: bool = callback.call_into((number,)).await?;
///             if !go_on {
///                 break;
///             }
///         }
///         Ok(())
///     })
/// }
/// ```
#[derive(Clone)]
pub struct Callback {
    inner: Arc<Inner>,
}

struct Inner {
    function: Py<PyAny>,
    context: Option<Py<PyAny>>,
    bridge: Arc<Bridge>,
    /// The thread is this callback's, and ends with it.
    own_thread: bool,
    turns: Semaphore,
}

impl Callback {
    /// How many calls of one callback are under way at most.
    pub const IN_FLIGHT: usize = 1024;

    /// For the loop around the caller ([`get_current_locals`]); if there is none, for a thread of its own.
    ///
    /// # Errors
    ///
    /// `TypeError` if `function` is not callable; [`ShutdownError`](crate::exceptions::ShutdownError) if the
    /// interpreter is exiting.
    pub fn new(function: &Bound<'_, PyAny>) -> PyResult<Self> {
        match get_current_locals(function.py()) {
            Ok(locals) => Self::with_locals(&locals, function),
            Err(_) => Self::on_thread(function),
        }
    }

    /// For this loop and context.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and `RuntimeError` if the loop is closed.
    pub fn with_locals(locals: &TaskLocals, function: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = function.py();
        Self::made(function, locals.own_context(py), false, || Bridge::of(&locals.event_loop(py)))
    }

    /// For a Python thread of its own, which ends with the last clone. The callable must not be async.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and if the thread cannot be started.
    pub fn on_thread(function: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::made(function, None, true, || Bridge::of_thread(function.py(), "sundown-callback"))
    }

    fn made(
        function: &Bound<'_, PyAny>,
        context: Option<Py<PyAny>>,
        own_thread: bool,
        bridge: impl FnOnce() -> PyResult<Arc<Bridge>>,
    ) -> PyResult<Self> {
        install::ensure(function.py())?;
        let _pass = gate::admit("Callback")?;
        if !function.is_callable() {
            let message = format!("a callable is needed, not {}", function.get_type().name()?);
            return Err(pyo3::exceptions::PyTypeError::new_err(message));
        }
        let bridge = bridge()?;
        let function = function.clone().unbind();
        let turns = Semaphore::new(Self::IN_FLIGHT);
        Ok(Callback { inner: Arc::new(Inner { function, context, bridge, own_thread, turns }) })
    }

    /// Calls it with `arguments`, a tuple or a [`Py<PyTuple>`](PyTuple), and returns what it returns; of an async callable,
    /// what its coroutine returns.
    ///
    /// What is returned has to be looked at while attached, or dropped, which leaves it to PyO3's pool:
    /// [`call_into`](Self::call_into) does without.
    ///
    /// # Errors
    ///
    /// What it raised; `asyncio.CancelledError` if its loop was closed before it returned.
    ///
    /// # Cancel safety
    ///
    /// Dropped before the call began, it is not called, unless it is about to be; dropped while a coroutine runs, that is
    /// cancelled.
    pub async fn call<A>(&self, arguments: A) -> PyResult<Py<PyAny>>
    where
        A: for<'py> IntoPyObject<'py, Target = PyTuple> + Send + 'static,
    {
        self.call_with(arguments, |value| Ok(value.unbind())).await
    }

    /// As [`call`](Self::call); the result is extracted where the callable ran.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call), and if the result is no `R`.
    ///
    /// # Cancel safety
    ///
    /// As [`call`](Self::call).
    pub async fn call_into<R, A>(&self, arguments: A) -> PyResult<R>
    where
        A: for<'py> IntoPyObject<'py, Target = PyTuple> + Send + 'static,
        R: for<'a, 'py> FromPyObject<'a, 'py> + Send + 'static,
    {
        self.call_with(arguments, |value| value.extract::<R>().map_err(Into::into)).await
    }

    async fn call_with<A, R>(
        &self,
        arguments: A,
        extract: impl FnOnce(Bound<'_, PyAny>) -> PyResult<R> + Send + 'static,
    ) -> PyResult<R>
    where
        A: for<'py> IntoPyObject<'py, Target = PyTuple> + Send + 'static,
        R: Send + 'static,
    {
        if !self.inner.bridge.is_ours() {
            return Err(exceptions::forked_err("the loop or the thread of this callback"));
        }
        let Ok(_turn) = self.inner.turns.acquire().await else { unreachable!("the semaphore is never closed") };
        let call = Box::new(Call { callback: Arc::clone(&self.inner), arguments: Some(arguments) });
        let extract = |value: Bound<'_, PyAny>| panics::catch_err(|| extract(value));
        Answered::ask(Arc::clone(&self.inner.bridge), |key| Op::Call { key, call }, extract)?.await
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("own_thread", &self.inner.own_thread).finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.own_thread {
            self.bridge.close();
        }
    }
}

/// One call.
struct Call<A> {
    callback: Arc<Inner>,
    arguments: Option<A>,
}

impl<A> fmt::Debug for Call<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Call")
    }
}

impl<A> bridge::Call for Call<A>
where
    A: for<'py> IntoPyObject<'py, Target = PyTuple> + Send,
{
    fn function(&self, py: Python<'_>) -> Py<PyAny> {
        self.callback.function.clone_ref(py)
    }

    fn context(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.callback.context.as_ref().map(|context| context.clone_ref(py))
    }

    fn arguments(&mut self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        let Some(arguments) = self.arguments.take() else { unreachable!("a call is made once") };
        Ok(arguments.into_bound_py_any(py)?.cast_into::<PyTuple>()?.unbind())
    }
}
