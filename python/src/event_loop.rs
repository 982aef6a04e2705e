//! `EventLoop`: a private asyncio loop on a thread that Python made.
//!
//! | where | what it is |
//! |---|---|
//! | `event_loop.py` | the thread and all that runs on it: calls as tasks, the way it ends |
//! | [`state`] | what the thread and the handles share: calls by name, the events of the end |
//! | [`command`] | what Rust sends to the loop, by its [bridge](super::bridge) |
//! | [`stop_queue`] | the order in which loops stop |
//! | [`control`] | what a teardown uses of a loop |
//! | [`teardown`] | its plan |
//! | [`mod@self::core`] | one loop, as the registry and the exit see it |

mod builder;
mod command;
mod control;
mod core;
mod lazy;
mod state;
mod stop_queue;
mod teardown;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use sundown::Report;

use self::command::Run;
use self::core::LoopCore;
use crate::asyncio::into_rust::Answered;
use crate::asyncio::locals::{self, TaskLocals};
use crate::bridge::Op;
use crate::error::ShutdownError;
use crate::internal::driver::{self, Driver};
use crate::internal::host::fork::Inheritable;
use crate::internal::resource::owned::Owned;
use crate::interpreter::exit::Live;
use crate::interpreter::{closing, exceptions, panics};

pub use builder::EventLoopBuilder;
pub use lazy::LazyEventLoop;

/// A private asyncio event loop, on a daemon thread of its own that Python made. Rust calls coroutine functions on it.
///
/// A cheap handle: all clones are one loop. It is stopped by [`shutdown`](Self::shutdown), as a field of an annotated
/// struct, at the exit of the interpreter, or by the drop of its last handle: calls that have not begun are refused, tasks
/// are cancelled and waited for, asynchronous generators closed, the default executor's threads joined; then the loop is
/// closed and its thread ends, all before the shutdown returns. What fails when it is cancelled goes to the loop's exception
/// handler and into the report. A coroutine that blocks without awaiting cannot be stopped: within the budget it is waited
/// for, then named in the report, and its thread is abandoned, which is as harmless as any daemon thread.
///
/// The last handle may be dropped anywhere, on the loop's own thread too. Nothing is waited for then; the loop is torn down
/// in the background, within its own budget.
///
/// An `atexit` function may start one too. If `concurrent.futures.thread` was not imported before the main thread ended,
/// CPython refuses that import, and the loop has no default executor. (3.12.1 starts no thread any more then.)
///
/// In a forked child a loop of the parent raises `ForkedProcessError`.
///
/// ```no_run
/// use std::sync::Arc;
/// use pyo3::prelude::*;
/// use sundown_python::{EventLoop, future_into_py};
///
/// #[pyclass(frozen)]
/// struct Tool {
///     callback: Arc<Py<PyAny>>,
///     event_loop: EventLoop,
/// }
///
/// #[pymethods]
/// impl Tool {
///     #[new]
///     fn new(py: Python<'_>, callback: Py<PyAny>) -> PyResult<Self> {
///         Ok(Tool { callback: Arc::new(callback), event_loop: EventLoop::new(py)? })
///     }
///
///     /// Runs `await callback(command)` on the tool's own loop, for a second at most.
///     fn execute<'py>(&self, py: Python<'py>, command: String) -> PyResult<Bound<'py, PyAny>> {
///         let (event_loop, callback) = (self.event_loop.clone(), Arc::clone(&self.callback));
///         future_into_py(py, async move {
///             let call = event_loop.run(callback, (command,));
///             let late = std::time::Duration::from_secs(1);
///             match tokio::time::timeout(late, call).await {
///                 Ok(result) => result.map(Some),
///                 Err(_) => Ok(None), // the coroutine observes `CancelledError`
///             }
///         })
///     }
/// }
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct EventLoop {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    state: Inheritable<State>,
}

/// What the last handle lets go.
struct State(Arc<Owned<LoopCore>>);

impl EventLoop {
    /// A loop that asyncio's policy makes, called "event loop" in reports.
    ///
    /// ```no_run
    /// # fn example(py: pyo3::Python<'_>) -> pyo3::PyResult<()> {
    /// let event_loop = sundown_python::EventLoop::new(py)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no descriptor or no thread left; [`ShutdownError`](crate::exceptions::ShutdownError) if the
    /// interpreter is exiting.
    #[track_caller]
    pub fn new(py: Python<'_>) -> PyResult<Self> {
        Self::builder().start(py)
    }

    /// A builder: for a name, another budget, another kind of loop.
    ///
    /// ```no_run
    /// # fn example(py: pyo3::Python<'_>) -> pyo3::PyResult<()> {
    /// let event_loop = sundown_python::EventLoop::builder().name("callbacks").start(py)?;
    /// # Ok(()) }
    /// ```
    pub fn builder() -> EventLoopBuilder {
        EventLoopBuilder::default()
    }

    fn made(name: String, core: Arc<Owned<LoopCore>>) -> Self {
        EventLoop { inner: Arc::new(Inner { name, state: Inheritable::new(State(core)) }) }
    }

    /// What reports and errors call it; its thread has the same name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Whether the caller is on the thread of the loop.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.core().is_some_and(|core| core.state().is_current())
    }

    /// The loop, for [`into_future_with_locals`](super::into_future_with_locals),
    /// [`Callback::with_locals`](super::Callback::with_locals) and the like. They have no context.
    ///
    /// # Errors
    ///
    /// `ShutdownError` if the loop was asked to stop, or the interpreter exits; `ForkedProcessError` in a forked child.
    pub fn locals(&self, py: Python<'_>) -> PyResult<TaskLocals> {
        Ok(TaskLocals::new(self.live("locals")?.control.runner.event_loop.bind(py).clone()))
    }

    /// Calls `function` with `arguments`, a tuple, on the loop; if what it returns can be awaited it is, as an
    /// `asyncio.Task` of its own. No Rust thread attaches to Python for it.
    ///
    /// Its `contextvars` are a copy of the context of the Rust future around the caller: that of
    /// [`future_into_py`](super::future_into_py()) or [`scope`](super::scope). Outside of one, in `block_on` or a task of
    /// `spawn`, it is an empty one, in which each `ContextVar` has its default. To hand on the caller's, put the call into
    /// `scope(TaskLocals::with_running_loop(py)?.copy_context(py)?, call)`.
    /// `function` is a `Py<PyAny>`, or an `Arc` of one, which can be cloned without Python.
    ///
    /// What is returned has to be looked at while attached, or dropped, which leaves it to PyO3's pool:
    /// [`run_into`](Self::run_into) does without.
    ///
    /// # Errors
    ///
    /// What it raised, `SystemExit` too, which does not end the loop; `asyncio.CancelledError` if the loop was shut down
    /// before it returned; `ShutdownError` if that was before it began, or the interpreter exits; `ForkedProcessError` in a
    /// forked child.
    ///
    /// # Cancel safety
    ///
    /// Dropped before the call began, it is not called; dropped while a coroutine runs, that is cancelled.
    pub async fn run<A>(&self, function: impl Into<Arc<Py<PyAny>>>, arguments: A) -> PyResult<Py<PyAny>>
    where
        A: for<'py> IntoPyObject<'py, Target = PyTuple> + Send + 'static,
    {
        self.run_with(function.into(), arguments, |value| Ok(value.unbind())).await
    }

    /// As [`run`](Self::run); the result is extracted on the loop's thread.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), and if the result is no `R`.
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn run_into<R, A>(&self, function: impl Into<Arc<Py<PyAny>>>, arguments: A) -> PyResult<R>
    where
        A: for<'py> IntoPyObject<'py, Target = PyTuple> + Send + 'static,
        R: for<'a, 'py> FromPyObject<'a, 'py> + Send + 'static,
    {
        self.run_with(function.into(), arguments, |value| value.extract::<R>().map_err(Into::into)).await
    }

    async fn run_with<A, R>(
        &self,
        function: Arc<Py<PyAny>>,
        arguments: A,
        extract: impl FnOnce(Bound<'_, PyAny>) -> PyResult<R> + Send + 'static,
    ) -> PyResult<R>
    where
        A: for<'py> IntoPyObject<'py, Target = PyTuple> + Send + 'static,
        R: Send + 'static,
    {
        let core = self.live("run")?;
        let Some(bridge) = core.state().bridge() else { return Err(state::refusal(self.name(), "run")) };
        // Once it is dropped the loop does not begin the call.
        let wanted = core.state().announce();
        let call = Box::new(Run {
            runner: Arc::clone(&core.control.runner),
            number: wanted.number,
            function,
            arguments: Some(arguments),
            caller: locals::current(),
        });
        let extract = |value: Bound<'_, PyAny>| panics::catch_err(|| extract(value));
        let asked = Answered::call(bridge, |key| Op::Call { key, call }, extract);
        asked.map_err(|_| state::refusal(self.name(), "run"))?.await
    }

    /// Stops the loop within `timeout`, or within its [own budget](EventLoopBuilder::timeout). A call at the same time
    /// or later gets the same report. On the loop's own thread nothing is waited for, and the report says so.
    ///
    /// # Errors
    ///
    /// If anything did not stop by itself.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again: the teardown goes on where it stopped.
    pub async fn shutdown(&self, timeout: impl Into<Option<Duration>>) -> Result<Report, ShutdownError> {
        let Some(core) = self.core() else { return self.inherited() };
        let driver = Driver::asynchronous();
        Ok(driver::run(&driver, core.shutdown(timeout.into(), &driver)).await?)
    }

    /// As [`shutdown`](Self::shutdown), blocking this thread, detached from the interpreter.
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown).
    pub fn shutdown_blocking(
        &self,
        py: Python<'_>,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Report, ShutdownError> {
        let Some(core) = self.core() else { return self.inherited() };
        let timeout = timeout.into();
        Ok(py.detach(|| core.shutdown_blocking(timeout))?)
    }

    fn inherited(&self) -> Result<Report, ShutdownError> {
        Report::new(self.name().to_owned())
            .step("EventLoop", teardown::inherited(), Duration::ZERO)
            .into_result()
            .map_err(ShutdownError::from)
    }

    /// What the exit knows its core by; none in a forked child.
    pub(super) fn live_id(&self) -> Option<usize> {
        Some(Live::id(&**self.core()?))
    }

    /// None in a forked child.
    fn core(&self) -> Option<&Arc<Owned<LoopCore>>> {
        self.inner.state.get().map(|state| &state.0)
    }

    fn live(&self, what: &str) -> PyResult<&Arc<Owned<LoopCore>>> {
        let forked = || exceptions::forked_err(&format!("the event loop `{}`", self.name()));
        let core = self.core().ok_or_else(forked)?;
        if closing::has_begun() {
            return Err(closing::refuse(what));
        }
        if core.state().is_closing() { Err(state::refusal(self.name(), what)) } else { Ok(core) }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        Arc::clone(&self.0).release();
    }
}

impl fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("EventLoop");
        text.field("name", &self.name());
        if let Some(core) = self.core() {
            text.field("created", &format_args!("{}", core.location())).field("phase", &core.phase());
        }
        text.finish_non_exhaustive()
    }
}
