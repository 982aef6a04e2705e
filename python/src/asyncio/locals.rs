//! The event loop and the context that a Rust future belongs to.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::bridge::Bridge;
use crate::bridge::glue;
use crate::interpreter::exceptions::NeedsAsyncioError;
use crate::interpreter::intern::interned;
use crate::interpreter::shield::Shield;

/// An event loop and the [context](https://docs.python.org/3/library/contextvars.html) in which coroutines run there.
///
/// A cheap clone. A clone that is dropped on a thread that is not attached to Python leaves its references to PyO3's pool.
#[derive(Clone, Debug)]
pub struct TaskLocals(Arc<Locals>);

#[derive(Debug)]
struct Locals {
    event_loop: Py<PyAny>,
    context: Option<Py<PyAny>>,
}

impl TaskLocals {
    /// For `event_loop`, without a context: coroutines get a copy of the one around the call that starts them.
    #[must_use]
    pub fn new(event_loop: Bound<'_, PyAny>) -> Self {
        TaskLocals(Arc::new(Locals { event_loop: event_loop.unbind(), context: None }))
    }

    /// For the loop that runs on this thread, without a context.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if none is running.
    pub fn with_running_loop(py: Python<'_>) -> PyResult<Self> {
        Ok(Self::new(get_running_loop(py)?))
    }

    /// The same loop with this context.
    #[must_use]
    pub fn with_context(self, context: Bound<'_, PyAny>) -> Self {
        let event_loop = self.0.event_loop.clone_ref(context.py());
        let context = (!context.is_none()).then(|| context.unbind());
        TaskLocals(Arc::new(Locals { event_loop, context }))
    }

    /// The same loop with a copy of the context of this thread, as `asyncio.create_task` takes one.
    ///
    /// # Errors
    ///
    /// If Python has no memory for it.
    pub fn copy_context(self, py: Python<'_>) -> PyResult<Self> {
        Ok(self.with_context(copy_context(py)?))
    }

    /// The loop.
    #[must_use]
    pub fn event_loop<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.0.event_loop.bind(py).clone()
    }

    /// The context, or `None` of Python's.
    #[must_use]
    pub fn context<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.own_context(py).unwrap_or_else(|| py.None()).into_bound(py)
    }

    pub(crate) fn own_context(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.0.context.as_ref().map(|context| context.clone_ref(py))
    }

    /// The same as `clone`.
    #[deprecated(note = "use `clone`")]
    #[must_use]
    pub fn clone_ref(&self, _py: Python<'_>) -> Self {
        self.clone()
    }
}

/// The loop that runs on this thread: `asyncio.get_running_loop()`.
///
/// # Errors
///
/// `RuntimeError` if none is running; [`NeedsAsyncioError`](crate::exceptions::NeedsAsyncioError), which is one, if
/// another async library runs on this thread, such as trio.
pub fn get_running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let glue = glue::get(py)?;
    glue.get_running_loop.bind(py).call0().map_err(|error| {
        // It runs Python, and a daemon thread may come here when the gate has closed.
        let _shield = Shield::new();
        let other: PyResult<Option<String>> = glue.other_library.bind(py).call0().and_then(|name| name.extract());
        match other {
            Ok(None) => error,
            Ok(Some(name)) => {
                NeedsAsyncioError::new_err(format!("an asyncio event loop is needed, but {name} runs here"))
            }
            // Ctrl-C, say.
            Err(error) => error,
        }
    })
}

/// The locals of the Rust future around the caller: those of [`future_into_py`](crate::future_into_py) or
/// [`scope`]. Outside of one, the running loop and a copy of the current context.
///
/// # Errors
///
/// `RuntimeError` if there are none and no loop is running; or if the Python future was cancelled meanwhile.
pub fn get_current_locals(py: Python<'_>) -> PyResult<TaskLocals> {
    let locals = match current() {
        Some(Current::Given(locals)) => return Ok(locals),
        Some(Current::Bridged(bridge, key)) => Locals::of_future(py, &bridge, key)?,
        None => Locals::of_thread(py)?,
    };
    Ok(TaskLocals(Arc::new(locals)))
}

impl Locals {
    fn of_future(py: Python<'_>, bridge: &Bridge, key: u64) -> PyResult<Self> {
        let (future, context) = bridge
            .awaiting(py, key)
            .ok_or_else(|| pyo3::exceptions::asyncio::CancelledError::new_err("the Python future was cancelled"))?;
        let event_loop = future.bind(py).call_method0(interned!(py, "get_loop"))?.unbind();
        Ok(Locals { event_loop, context })
    }

    /// The running loop, and a copy of the context.
    fn of_thread(py: Python<'_>) -> PyResult<Self> {
        Ok(Locals { event_loop: get_running_loop(py)?.unbind(), context: Some(copy_context(py)?.unbind()) })
    }

    fn clone_ref(&self, py: Python<'_>) -> Self {
        let context = self.context.as_ref().map(|context| context.clone_ref(py));
        Locals { event_loop: self.event_loop.clone_ref(py), context }
    }
}

/// The locals of a Python future that is about to be made: not shared, as [`TaskLocals`] are.
pub(crate) struct FutureLocals {
    locals: Locals,
    /// The loop runs on this thread.
    is_running: bool,
}

impl FutureLocals {
    /// Those of [`get_current_locals`].
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) fn current(py: Python<'_>) -> PyResult<Self> {
        Ok(match current() {
            Some(Current::Given(locals)) => Self::of(py, &locals),
            Some(Current::Bridged(bridge, key)) => {
                FutureLocals { locals: Locals::of_future(py, &bridge, key)?, is_running: false }
            }
            None => FutureLocals { locals: Locals::of_thread(py)?, is_running: true },
        })
    }

    pub(crate) fn of(py: Python<'_>, locals: &TaskLocals) -> Self {
        FutureLocals { locals: locals.0.clone_ref(py), is_running: false }
    }

    /// As [`current`](Self::current), without the context, for a future that is ready.
    pub(crate) fn without_context(py: Python<'_>) -> PyResult<Self> {
        let (event_loop, is_running) = match current() {
            Some(_) => (get_current_loop(py)?, false),
            None => (get_running_loop(py)?, true),
        };
        Ok(FutureLocals { locals: Locals { event_loop: event_loop.unbind(), context: None }, is_running })
    }

    pub(crate) fn event_loop<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
        self.locals.event_loop.bind(py)
    }

    pub(crate) fn into_context(self) -> Option<Py<PyAny>> {
        self.locals.context
    }

    /// A future of the loop: `class` is asyncio's, or derived from it.
    pub(crate) fn new_future<'py>(&self, class: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if self.is_running {
            // It finds the running loop itself: half of the instructions that it takes to pass it by its name.
            return class.call0();
        }
        let py = class.py();
        let arguments = PyDict::new(py);
        arguments.set_item(interned!(py, "loop"), self.event_loop(py))?;
        class.call((), Some(&arguments))
    }
}

/// The loop of [`get_current_locals`].
///
/// # Errors
///
/// As [`get_current_locals`].
pub fn get_current_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    match current() {
        Some(_) => Ok(get_current_locals(py)?.event_loop(py)),
        None => get_running_loop(py),
    }
}

/// Runs `future` with these locals: what [`get_current_locals`] returns in it, so that
/// [`into_future`](crate::into_future) works in a task of one's own.
///
/// # Cancel safety
///
/// As `future`.
pub async fn scope<F, R>(locals: TaskLocals, future: F) -> R
where
    F: Future<Output = R> + Send + 'static,
{
    scope_local(locals, future).await
}

/// As [`scope`], for a future that is not `Send`.
pub async fn scope_local<F, R>(locals: TaskLocals, future: F) -> R
where
    F: Future<Output = R> + 'static,
{
    Scoped { future, current: Some(Current::Given(locals)) }.await
}

pin_project! {
    /// A future with locals.
    struct Scoped<F> {
        #[pin]
        future: F,
        current: Option<Current>,
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = Entered::enter(this.current);
        this.future.poll(cx)
    }
}

/// Whose locals are in force.
#[derive(Clone, Debug)]
pub(crate) enum Current {
    Given(TaskLocals),
    /// Those of a Python future of this bridge.
    Bridged(Arc<Bridge>, u64),
}

impl Current {
    /// The context, if there is one.
    pub(crate) fn context(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        match self {
            Current::Given(locals) => locals.own_context(py),
            Current::Bridged(bridge, key) => bridge.awaiting(py, *key)?.1,
        }
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
    /// The bridged future that is being polled, whatever locals it has set: the address of its bridge, its number.
    static POLLED: Cell<Option<(usize, u64)>> = const { Cell::new(None) };
}

/// The number of the future of this bridge whose Rust half is being polled: if that is dropped, what it polls is dropped.
pub(crate) fn polled_future(bridge: &Arc<Bridge>) -> Option<u64> {
    let (address, key) = POLLED.try_with(Cell::get).ok()??;
    (address == Arc::as_ptr(bridge) as usize).then_some(key)
}

/// The Rust half of a future is polled until this is dropped.
pub(crate) struct Polled(Option<(usize, u64)>);

impl Polled {
    pub(crate) fn enter(current: Option<&Current>) -> Self {
        let polled = match current {
            Some(Current::Bridged(bridge, key)) => Some((Arc::as_ptr(bridge) as usize, *key)),
            Some(Current::Given(_)) | None => None,
        };
        Polled(POLLED.try_with(|cell| cell.replace(polled)).ok().flatten())
    }
}

impl Drop for Polled {
    fn drop(&mut self) {
        let _ = POLLED.try_with(|cell| cell.set(self.0));
    }
}

/// Those of the Rust future around the caller. Needs no interpreter.
pub(crate) fn current() -> Option<Current> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// Swaps the locals of a future in while it is polled.
pub(crate) struct Entered<'a>(&'a mut Option<Current>);

impl<'a> Entered<'a> {
    pub(crate) fn enter(current: &'a mut Option<Current>) -> Self {
        swap(current);
        Entered(current)
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        swap(self.0);
    }
}

fn swap(other: &mut Option<Current>) {
    let _ = CURRENT.try_with(|current| std::mem::swap(&mut *current.borrow_mut(), other));
}

pub(crate) fn copy_context(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    glue::get(py)?.copy_context.bind(py).call0()
}
