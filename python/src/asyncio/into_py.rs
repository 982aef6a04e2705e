//! A Rust future as a Python one.

use std::cell::Cell;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;
use pyo3::prelude::*;
use sundown::Tasks;
use tokio::task::AbortHandle;

use crate::asyncio::locals::{Current, Entered, FutureLocals, Polled, TaskLocals};
use crate::bridge::glue;
use crate::bridge::{Bridge, Completion};
use crate::install;
use crate::interpreter::gate;
use crate::interpreter::intern::interned;
use crate::interpreter::panics;
use crate::runtime::Runtime;

/// Runs `fut` on the module's default [`Runtime`] and returns an `asyncio.Future` for its result.
///
/// The loop and the context are those of [`get_current_locals`](crate::get_current_locals). The result becomes a Python
/// object on the loop's thread; no worker attaches to Python for it. When the Python future is cancelled, `fut` is
/// dropped, at its next `await`; so it is when the loop is closed. A panic becomes
/// [`RuntimePanic`](crate::exceptions::RuntimePanic) with its message and place.
///
/// ```no_run
/// use pyo3::prelude::*;
/// use std::time::Duration;
///
/// #[pyfunction]
/// fn sleep(py: Python<'_>, seconds: f64) -> PyResult<Bound<'_, PyAny>> {
///     sundown_python::future_into_py(py, async move {
///         tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
///         Ok(seconds)
///     })
/// }
/// ```
///
/// # Errors
///
/// `RuntimeError` if no loop is running or the loop is closed;
/// [`NeedsAsyncioError`](crate::exceptions::NeedsAsyncioError), which is one, if another async library runs, such as trio;
/// [`ShutdownError`](crate::exceptions::ShutdownError) if the interpreter is exiting or the runtime was shut down.
#[track_caller]
pub fn future_into_py<F, T>(py: Python<'_>, fut: F) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    let locals = FutureLocals::current(py)?;
    queued(py, Runtime::for_bridge(py)?, locals, fut)
}

/// As [`future_into_py`], for a loop and a context of one's own choice. May be called on any thread that is attached.
///
/// # Errors
///
/// As [`future_into_py`].
#[track_caller]
pub fn future_into_py_with_locals<F, T>(py: Python<'_>, locals: TaskLocals, fut: F) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    queued(py, Runtime::for_bridge(py)?, FutureLocals::of(py, &locals), fut)
}

/// As [`future_into_py`], in a group of tasks that its owner stops; `closed` is the error once it has.
#[track_caller]
pub(crate) fn owned_into_py<'py, F, T>(
    py: Python<'py>,
    group: &Tasks,
    closed: impl FnOnce() -> PyErr,
    fut: F,
) -> PyResult<Bound<'py, PyAny>>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    let caller = Location::caller();
    let runtime = Runtime::for_bridge(py)?;
    let refusal = || if group.is_closed() { closed() } else { runtime.refusal(NAME) };
    bridged(
        py,
        FutureLocals::current(py)?,
        fut,
        NAME,
        |task| runtime.spawn_bridged_in(group, NAME, caller, task),
        refusal,
    )
}

/// As [`future_into_py`], but `fut` is polled once on this thread first: if it is ready, the future that is returned has
/// its result already, and no task, queue or wake-up was needed.
///
/// For what is usually ready: a cache, a buffer, a channel with something in it. Not for what computes before its first
/// `await`, because the loop waits for that; it is detached from Python meanwhile, and inside the runtime. An `await` of a
/// future that is ready does not go through the loop, so that after some of them in a row one takes the usual way, and
/// the loop's other callbacks get their turn.
///
/// # Errors
///
/// As [`future_into_py`].
#[track_caller]
pub fn future_into_py_eager<F, T>(py: Python<'_>, fut: F) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    eager(py, Runtime::for_bridge(py)?, fut)
}

impl Runtime {
    /// As [`future_into_py`](crate::future_into_py()), on this runtime.
    ///
    /// # Errors
    ///
    /// As there; [`ForkedProcessError`](crate::exceptions::ForkedProcessError) if the runtime was made before a fork.
    #[track_caller]
    pub fn future_into_py<'py, F, T>(&self, py: Python<'py>, fut: F) -> PyResult<Bound<'py, PyAny>>
    where
        F: Future<Output = PyResult<T>> + Send + 'static,
        T: for<'a> IntoPyObject<'a> + Send + 'static,
    {
        queued(py, self, FutureLocals::current(py)?, fut)
    }

    /// As [`future_into_py_eager`](crate::future_into_py_eager()), on this runtime.
    ///
    /// # Errors
    ///
    /// As [`future_into_py`](Self::future_into_py).
    #[track_caller]
    pub fn future_into_py_eager<'py, F, T>(&self, py: Python<'py>, fut: F) -> PyResult<Bound<'py, PyAny>>
    where
        F: Future<Output = PyResult<T>> + Send + 'static,
        T: for<'a> IntoPyObject<'a> + Send + 'static,
    {
        eager(py, self, fut)
    }
}

/// What reports call the tasks.
const NAME: &str = "future_into_py";

/// The usual way: a task, whose completion crosses by the bridge's queue.
#[track_caller]
fn queued<'py, F, T>(py: Python<'py>, runtime: &Runtime, locals: FutureLocals, fut: F) -> PyResult<Bound<'py, PyAny>>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    queued_at(py, runtime, locals, fut, NAME, Location::caller())
}

/// As [`queued`], for what `caller` asked for by a function of this name.
pub(crate) fn queued_at<'py, F, T>(
    py: Python<'py>,
    runtime: &Runtime,
    locals: FutureLocals,
    fut: F,
    name: &'static str,
    caller: &'static Location<'static>,
) -> PyResult<Bound<'py, PyAny>>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    let spawn = |task| runtime.spawn_bridged(name, caller, task);
    bridged(py, locals, fut, name, spawn, || runtime.refusal(name))
}

/// `spawn` gives the task back if it refuses it.
fn bridged<'py, F, T>(
    py: Python<'py>,
    locals: FutureLocals,
    fut: F,
    name: &'static str,
    spawn: impl FnOnce(Bridged<F>) -> Result<AbortHandle, Bridged<F>>,
    refusal: impl FnOnce() -> PyErr,
) -> PyResult<Bound<'py, PyAny>>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    install::ensure(py)?;
    // The future is made below this Rust frame, and that may run Python (`loop.get_debug`).
    let _pass = gate::admit(name)?;
    let (bridge, key, future) = new_future(py, locals)?;
    let task = Bridged { future: Some(fut), current: Some(Current::Bridged(Arc::clone(&bridge), key)) };
    match spawn(task) {
        Ok(task) => {
            bridge.attach(key, task);
            Ok(future)
        }
        Err(mut task) => {
            task.current = None; // Nothing waits for it.
            drop(bridge.leave(key));
            Err(refusal())
        }
    }
}

/// A Python future of the loop, and its number in the loop's bridge.
pub(crate) fn new_future(py: Python<'_>, locals: FutureLocals) -> PyResult<(Arc<Bridge>, u64, Bound<'_, PyAny>)> {
    let bridge = Bridge::of(locals.event_loop(py))?;
    let future = locals.new_future(glue::get(py)?.rust_future.bind(py))?;
    let key = bridge.enter(future.clone().unbind(), locals.into_context());
    future.setattr(interned!(py, "_sundown_key"), key)?;
    Ok((bridge, key, future))
}

/// The number of futures in a row that may be ready at once. The next takes the queue, to let the loop run: an `await` of a
/// finished future does not yield. It is tokio's number for the same thing.
const IN_A_ROW: u32 = 128;

#[track_caller]
fn eager<'py, F, T>(py: Python<'py>, runtime: &Runtime, fut: F) -> PyResult<Bound<'py, PyAny>>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    thread_local! {
        static READY_IN_A_ROW: Cell<u32> = const { Cell::new(0) };
    }
    install::ensure(py)?;
    let _pass = gate::admit("future_into_py_eager")?;
    let ready = READY_IN_A_ROW.get();
    if ready >= IN_A_ROW {
        READY_IN_A_ROW.set(0);
        return queued(py, runtime, FutureLocals::current(py)?, fut);
    }
    // Before anything of the future runs.
    let locals = FutureLocals::without_context(py)?;
    let handle = runtime.handle()?;
    let mut fut = Some(Box::pin(fut));
    let polled = py.detach(|| {
        let _entered = handle.enter();
        // Woken or not, the task below polls it again.
        let polled = panics::catch(|| match &mut fut {
            Some(fut) => fut.as_mut().poll(&mut Context::from_waker(Waker::noop())),
            None => unreachable!("it is dropped below"),
        });
        if matches!(polled, Ok(Poll::Pending)) {
            return polled;
        }
        // Here too: its drop may need the runtime, or block, or panic.
        let dropped = panics::catch(|| fut = None);
        polled.and_then(|polled| dropped.map(|()| polled))
    });
    let result = match polled {
        Ok(Poll::Pending) => {
            READY_IN_A_ROW.set(0);
            let fut = fut.expect("what is pending was not dropped");
            return queued(py, runtime, FutureLocals::current(py)?, fut);
        }
        Ok(Poll::Ready(result)) => result,
        Err(panic) => Err(panic.into_pyerr()),
    };
    READY_IN_A_ROW.set(ready + 1);
    let glue = glue::get(py)?;
    let future = locals.new_future(glue.future.bind(py))?;
    let converted = result.and_then(|value| panics::catch_err(|| pyo3::IntoPyObjectExt::into_bound_py_any(value, py)));
    match converted {
        Ok(value) => future.call_method1(interned!(py, "set_result"), (value,))?,
        Err(error) => glue.fail.bind(py).call1((&future, panics::exception(py, error)))?,
    };
    Ok(future)
}

pin_project! {
    /// The task of a bridged future. However it ends, its Python future is completed, once, and after the Rust future
    /// is gone.
    struct Bridged<F> {
        #[pin]
        future: Option<F>,
        // `Current::Bridged`; none once it has completed the Python future.
        current: Option<Current>,
    }

    impl<F> PinnedDrop for Bridged<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                let caught = {
                    let _entered = Entered::enter(this.current);
                    panics::catch(|| this.future.set(None))
                };
                let completion = match caught {
                    Ok(()) => Completion::Lost,
                    Err(panic) => Completion::Panic(panic),
                };
                tell(this.current, completion);
            }
        }
    }
}

fn tell(current: &mut Option<Current>, completion: Completion) {
    if let Some(Current::Bridged(bridge, key)) = current.take() {
        bridge.complete(key, completion);
    }
}

impl<F, T> Future for Bridged<F>
where
    F: Future<Output = PyResult<T>>,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let polled = {
            let _polled = Polled::enter(this.current.as_ref());
            let _entered = Entered::enter(this.current);
            panics::catch(|| {
                let Some(future) = this.future.as_mut().as_pin_mut() else { return Poll::Pending };
                let poll = future.poll(cx);
                if poll.is_ready() {
                    this.future.set(None);
                }
                poll
            })
        };
        let completion = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Ok(value))) => Completion::Value(Box::new(value)),
            Ok(Poll::Ready(Err(error))) => Completion::Error(error),
            Err(panic) => {
                // What is left of it is dropped before the Python future is completed; a second panic adds nothing.
                let _ = panics::catch(|| this.future.set(None));
                Completion::Panic(panic)
            }
        };
        tell(this.current, completion);
        Poll::Ready(())
    }
}
