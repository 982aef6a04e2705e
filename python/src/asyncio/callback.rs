//! Calling Python from Rust.

mod thread;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::asyncio::CancelledError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::{PyTraverseError, PyVisit};
use tokio::sync::Semaphore;

use crate::asyncio::callback::thread::ServingThread;
use crate::asyncio::into_rust::Answered;
use crate::asyncio::locals::{TaskLocals, get_current_locals};
use crate::bridge::{self, Bridge, Callable, Op};
use crate::install;
use crate::internal::sync::lock;
use crate::interpreter::attached::if_attached;
use crate::interpreter::raise_soon::ok_or_raise;
use crate::interpreter::{exceptions, gate, panics};

/// A Python callable that Rust calls, from any task or thread, without attaching to Python.
///
/// The call runs on the event loop that ran when the `Callback` was made, in the context of then; if none did, on one
/// Python thread, which all such callbacks share; if it was made by [`on_thread`](Self::on_thread), on a Python thread
/// of its own. So a callable that is slow or stuck holds up its loop or its thread, never a worker, and is no danger
/// when the interpreter exits. A callable may be async if it has a loop.
///
/// The loop owns the callable: a `Callback` that is kept in a task keeps neither the loop nor what the callable refers to.
///
/// At most [`IN_FLIGHT`](Self::IN_FLIGHT) calls are under way at a time; more wait for their turn.
///
/// # In a shutdown
///
/// A `#[shutdown(with = …)]` may call one, to say good-bye. The callable then runs on its loop, which must be free to
/// run it: a blocking `close()` (or the `with` of a class) that is called *on that loop's thread* holds the loop up
/// until it returns, so that the step runs into its timeout. In a coroutine use `await object.aclose()` or `async
/// with`, or `await asyncio.to_thread(object.close)`; or make the callback [on a thread](Self::on_thread) of its own,
/// which no `close()` blocks.
///
/// # In a Python class
///
/// A callable often refers to the object that has the callback. The garbage collector finds such a cycle if the class
/// [visits](Self::visit) it.
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
pub struct Callback {
    inner: Arc<Inner>,
}

/// All clones are one callback.
impl Clone for Callback {
    fn clone(&self) -> Self {
        self.inner.return_to_loop();
        Callback { inner: Arc::clone(&self.inner) }
    }
}

struct Inner {
    callable: Mutex<Owned>,
    /// Whether the loop was asked to hand the callable over, and has not got it back.
    is_claimed: AtomicBool,
    bridge: Arc<Bridge>,
    /// If it has no loop.
    thread: Option<Arc<ServingThread>>,
    turns: Semaphore,
}

/// What is called, and who owns it.
enum Owned {
    /// The loop, by its bridge: what a task owned that refers to the loop would keep it from the garbage collector.
    ByLoop(u64),
    /// This callback: it has no loop, or is a field of a class that [visits](Callback::visit) it.
    Here(Callable),
}

impl Callback {
    /// How many calls of one callback are under way at most.
    pub const IN_FLIGHT: usize = 1024;

    /// For the loop around the caller ([`get_current_locals`]); if there is none, for the Python thread of all
    /// callbacks without a loop. It calls one after another, so that a callable must not wait there for another of
    /// these callbacks. It is started with the first of them and ends with the last.
    ///
    /// # Errors
    ///
    /// `TypeError` if `function` is not callable; [`ShutdownError`](crate::exceptions::ShutdownError) if the
    /// interpreter is exiting.
    pub fn new(function: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = function.py();
        match ok_or_raise(py, get_current_locals(py))? {
            Some(locals) => Self::with_locals(&locals, function),
            None => Self::made_on(function, ServingThread::shared),
        }
    }

    /// For this loop and context.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and `RuntimeError` if the loop is closed.
    pub fn with_locals(locals: &TaskLocals, function: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = function.py();
        Self::made(function, |function| {
            let bridge = Bridge::of(&locals.event_loop(py))?;
            let callable = Callable { function: function.unbind(), context: locals.own_context(py) };
            let key = bridge.register(py, &callable).ok_or_else(|| bridge.closed_err())?;
            Ok((Owned::ByLoop(key), bridge, None))
        })
    }

    /// For a Python thread of its own, which ends with the last clone. The callable must not be async.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and if the thread cannot be started.
    pub fn on_thread(function: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::made_on(function, ServingThread::start)
    }

    fn made_on(
        function: &Bound<'_, PyAny>,
        thread: impl FnOnce(Python<'_>) -> PyResult<Arc<ServingThread>>,
    ) -> PyResult<Self> {
        Self::made(function, |function| {
            let thread = thread(function.py())?;
            Ok((Owned::Here(Callable { function: function.unbind(), context: None }), thread.bridge(), Some(thread)))
        })
    }

    fn made<'py>(
        function: &Bound<'py, PyAny>,
        place: impl FnOnce(Bound<'py, PyAny>) -> PyResult<(Owned, Arc<Bridge>, Option<Arc<ServingThread>>)>,
    ) -> PyResult<Self> {
        install::ensure(function.py())?;
        let _pass = gate::admit("Callback")?;
        if !function.is_callable() {
            let message = format!("a callable is needed, not {}", function.get_type().name()?);
            return Err(pyo3::exceptions::PyTypeError::new_err(message));
        }
        let (callable, bridge, thread) = place(function.clone())?;
        let (callable, is_claimed) = (Mutex::new(callable), AtomicBool::new(false));
        let turns = Semaphore::new(Self::IN_FLIGHT);
        Ok(Callback { inner: Arc::new(Inner { callable, is_claimed, bridge, thread, turns }) })
    }

    /// Calls it with `arguments`, a tuple or a [`Py<PyTuple>`](PyTuple), and returns what it returns; of an async callable,
    /// what its coroutine returns.
    ///
    /// The call begins with the first poll of the future, which has a clone from now on: it outlives the callback, and the
    /// garbage collector sees at once that Rust has the callable ([`visit`](Self::visit)).
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
    pub fn call<A>(&self, arguments: A) -> impl Future<Output = PyResult<Py<PyAny>>> + Send + use<A>
    where
        A: for<'py> IntoPyObject<'py, Target = PyTuple> + Send + 'static,
    {
        self.call_with(arguments, |value| Ok(value.unbind()))
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
    pub fn call_into<R, A>(&self, arguments: A) -> impl Future<Output = PyResult<R>> + Send + use<R, A>
    where
        A: for<'py> IntoPyObject<'py, Target = PyTuple> + Send + 'static,
        R: for<'a, 'py> FromPyObject<'a, 'py> + Send + 'static,
    {
        self.call_with(arguments, |value| value.extract::<R>().map_err(Into::into))
    }

    /// Whether no call can succeed any more: its loop is closed, the process is a forked child, or the interpreter exits.
    /// A call that is under way then ends with `asyncio.CancelledError`.
    ///
    /// Does not block or attach. False is no promise: the loop may be closed at the next moment.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        gate::is_closed() || !self.inner.bridge.is_open()
    }

    /// Gives an error that nobody returns or awaits to where asyncio reports such: to the loop's
    /// [exception handler](https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.set_exception_handler), on
    /// the loop's thread and after the calls that were made before; or to `threading.excepthook`, if it has a thread of its
    /// own. The context that the handler gets has `message`, `exception` and `callback`, the callable.
    ///
    /// An `asyncio.CancelledError` is not reported, as asyncio does not report a task that was cancelled.
    ///
    /// From any task or thread; it does not block or attach. False if it [is closed](Self::is_closed): then the error is
    /// dropped.
    ///
    /// ```no_run
    /// use sundown_python::Callback;
    ///
    /// async fn notify(on_change: Callback, mut changes: tokio::sync::mpsc::Receiver<u64>) {
    ///     while let Some(change) = changes.recv().await {
    ///         if let Err(error) = on_change.call((change,)).await {
    ///             on_change.report(error); // and goes on with the next change
    ///         }
    ///     }
    /// }
    /// ```
    pub fn report(&self, error: PyErr) -> bool {
        let Callback { inner: callback } = self.clone();
        !self.is_closed() && self.inner.bridge.push(Op::Report { report: Box::new(Report { callback, error }) }).is_ok()
    }

    /// Visits what it holds of Python's, for the `__traverse__` of a class that has it as a field. The `__clear__` of the
    /// class drops the callback.
    ///
    /// While it has clones or a call is under way, nothing is visited: what Rust holds is no garbage. Nor is anything at the
    /// first visit, if it has a loop: the loop owns the callable then, and hands it over when it next runs. With a clone, or
    /// a call, it goes back to the loop: what Rust holds keeps no loop alive. Do not clone a field that is visited, nor call or
    /// report with it, while you are detached: the collector may be looking at it. What a call returns may be awaited anywhere.
    ///
    /// ```no_run
    /// use pyo3::prelude::*;
    /// use pyo3::{PyTraverseError, PyVisit};
    /// use sundown_python::Callback;
    ///
    /// #[pyclass]
    /// struct Watch {
    ///     on_change: Option<Callback>,
    /// }
    ///
    /// #[pymethods]
    /// impl Watch {
    ///     fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
    ///         self.on_change.as_ref().map_or(Ok(()), |callback| callback.visit(&visit))
    ///     }
    ///
    ///     fn __clear__(&mut self) {
    ///         self.on_change = None;
    ///     }
    /// }
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    ///
    /// What the visitor returns: to be returned by `__traverse__`.
    pub fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // Each reference is visited once: the collector subtracts the visits from the count of references.
        if Arc::strong_count(&self.inner) > 1 {
            return Ok(());
        }
        match &*lock(&self.inner.callable) {
            Owned::Here(callable) => return callable.visit(visit),
            Owned::ByLoop(_) => {}
        }
        // Not here and now: who visits what must not change while the collector looks.
        if !self.inner.is_claimed.swap(true, Ordering::Relaxed) {
            let claim: Weak<dyn bridge::Claim> = Arc::downgrade(&self.inner) as _;
            let _ = self.inner.bridge.push(Op::Claim(claim)); // one that is closed has dropped the callable
        }
        Ok(())
    }

    fn call_with<A, R, E>(&self, arguments: A, extract: E) -> impl Future<Output = PyResult<R>> + Send + use<A, R, E>
    where
        A: for<'py> IntoPyObject<'py, Target = PyTuple> + Send + 'static,
        R: Send + 'static,
        E: FnOnce(Bound<'_, PyAny>) -> PyResult<R> + Send + 'static,
    {
        // Not in the first poll, which is on a worker: the collector may be between its two looks at the class then. It would
        // finalize a callable that it has found at the first one only.
        let Callback { inner } = self.clone();
        async move {
            if !inner.bridge.is_ours() {
                return Err(exceptions::forked_err("the loop or the thread of this callback"));
            }
            let Ok(_turn) = inner.turns.acquire().await else { unreachable!("the semaphore is never closed") };
            let call = Box::new(Call { callback: Arc::clone(&inner), arguments: Some(arguments) });
            let extract = |value: Bound<'_, PyAny>| panics::catch_err(|| extract(value));
            Answered::call(Arc::clone(&inner.bridge), |key| Op::Call { key, call }, extract)?.await
        }
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("on_thread", &self.inner.thread.is_some()).finish_non_exhaustive()
    }
}

impl Inner {
    /// The loop owns the callable again, which a class visited: Rust is about to hold this too, and what Rust holds the
    /// garbage collector does not see. Only where the caller is attached: who visits what must not change while the
    /// collector looks.
    fn return_to_loop(&self) {
        if self.thread.is_some() || !self.is_claimed.load(Ordering::Relaxed) {
            return;
        }
        if_attached(|py| {
            let mut owned = lock(&self.callable);
            let Owned::Here(callable) = &*owned else { return };
            // A closed loop calls nothing any more.
            if let Some(key) = self.bridge.register(py, callable) {
                *owned = Owned::ByLoop(key);
                self.is_claimed.store(false, Ordering::Relaxed);
            }
        });
    }

    /// What is called, and its context; none once the loop is closed.
    fn callable(&self, py: Python<'_>) -> Option<Callable> {
        match &*lock(&self.callable) {
            Owned::ByLoop(key) => self.bridge.callable(py, *key),
            Owned::Here(callable) => Some(callable.clone_ref(py)),
        }
    }
}

impl bridge::Claim for Inner {
    fn key(&self) -> Option<u64> {
        match &*lock(&self.callable) {
            Owned::ByLoop(key) => Some(*key),
            Owned::Here(_) => None,
        }
    }

    fn take(&self, callable: Callable) {
        *lock(&self.callable) = Owned::Here(callable);
    }

    fn decline(&self) {
        self.is_claimed.store(false, Ordering::Relaxed);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(key) = bridge::Claim::key(self) {
            self.bridge.forget(key);
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
    fn callable(&self, py: Python<'_>) -> PyResult<Callable> {
        self.callback.return_to_loop();
        self.callback.callable(py).ok_or_else(|| CancelledError::new_err(()))
    }

    fn arguments(&mut self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        let Some(arguments) = self.arguments.take() else { unreachable!("a call is made once") };
        Ok(arguments.into_bound_py_any(py)?.cast_into::<PyTuple>()?.unbind())
    }
}

/// An error that nobody returns.
struct Report {
    callback: Arc<Inner>,
    error: PyErr,
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Report")
    }
}

impl bridge::Report for Report {
    fn into_arguments(self: Box<Self>, py: Python<'_>) -> PyResult<Option<Py<PyTuple>>> {
        let Some(callable) = self.callback.callable(py) else { return Ok(None) };
        let error = panics::exception(py, self.error);
        Ok(Some((error, callable.function).into_pyobject(py)?.unbind()))
    }
}
