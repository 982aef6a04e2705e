//! A future on the calling thread, detached from the interpreter.
//!
//! tokio's own `block_on` cannot wait for a signal. So each poll is one of tokio's (the context, the budget, and its refusal
//! of a thread that drives tasks), and the wait between them is ours: on a condition variable, or on Python's main thread
//! on a pipe that signals come into as well.

mod park;

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::runtime::Handle;

use crate::internal::driver::Driver;
use crate::interpreter::panics::{self, Panic};
use crate::interpreter::polling::{self, Call, Entering, Phase, Polling};
use crate::interpreter::raise_soon::ok_or_raise;
use crate::interpreter::signals::{Pipe, Watch};
use crate::interpreter::{closing, gate};
use park::Parker;

/// Runs `future` inside the runtime of `handle`, on this thread, detached, at most until `end` is ready: then with the error
/// `ended`. The future is dropped detached too.
///
/// The caller guarantees that the future has no `Python<'py>` with it.
///
/// # Errors
///
/// As [`Runtime::block_on`](crate::Runtime::block_on).
pub(crate) fn block_on<F: Future>(
    py: Python<'_>,
    handle: &Handle,
    future: F,
    end: impl Future<Output = ()>,
    ended: impl FnOnce() -> PyErr,
) -> PyResult<F::Output> {
    // Until it is dropped, attached again, the exit waits for this thread.
    let _pass = gate::admit("block_on")?;
    let parker = Parker::take(py)?;
    let result = detach(py, || run(handle, future, end, &parker));
    Parker::put_back(parker);
    result.map_err(|stop| match stop {
        Stop::Ended => ended(),
        other => other.into_pyerr(),
    })
}

/// Runs `future`, whose alarms are `driver`'s, on this thread, detached and outside of any runtime, until it is ready or a
/// handler of a signal raises. It may block wherever its caller may.
///
/// The caller guarantees that the future has no `Python<'py>` with it.
///
/// # Errors
///
/// What a handler of a signal raised; that it cancelled the task around the caller; that the interpreter has begun to exit
/// meanwhile: what is left is the exit's, and this thread could not attach again.
pub(crate) fn teardown<F: Future>(py: Python<'_>, driver: &Driver, future: F) -> PyResult<F::Output> {
    teardown_by(py, Parker::take(py)?, driver, future)
}

/// As [`teardown`], for what must be torn down whatever happens: without a descriptor it waits all the same, and signals are
/// handled afterwards.
///
/// # Errors
///
/// What a handler of a signal raised: then another call goes on.
pub(crate) fn last_teardown<F: Future>(py: Python<'_>, driver: &Driver, future: F) -> PyResult<F::Output> {
    let parker = ok_or_raise(py, Parker::take(py))?.unwrap_or_else(|| Arc::new(Parker::without_signals()));
    teardown_by(py, parker, driver, future)
}

fn teardown_by<F: Future>(py: Python<'_>, parker: Arc<Parker>, driver: &Driver, future: F) -> PyResult<F::Output> {
    let result = detach(py, || {
        let waker = Waker::from(Arc::clone(&parker));
        let mut cx = Context::from_waker(&waker);
        let mut future = pin!(future);
        // Watched once there is something to wait for.
        let mut signals = None;
        let exit_goes_on = closing::has_begun();
        let closing = closing::token();
        let mut closing = pin!(closing.cancelled());
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return Ok(output);
            }
            if !exit_goes_on && closing.as_mut().poll(&mut cx).is_ready() {
                return Err(Stop::Exit);
            }
            if signals.is_none() {
                signals = Some(Signals::watch(&parker)?);
            }
            let came = parker.park(driver.next_alarm());
            if let Some(Some(signals)) = &signals {
                signals.handle(&came)?;
            }
            driver.ring();
        }
    });
    Parker::put_back(parker);
    result.map_err(|stop| match stop {
        Stop::Exit => closing::refuse("close"),
        other => other.into_pyerr(),
    })
}

/// Why a future was dropped before it was ready.
enum Stop {
    /// By a handler of a signal.
    Raised(PyErr),
    Panicked(Panic),
    /// The thread must not block.
    DrivesTasks,
    /// The interpreter exits.
    Exit,
    /// What it runs on has ended.
    Ended,
}

impl Stop {
    fn into_pyerr(self) -> PyErr {
        match self {
            Stop::Raised(error) => error,
            Stop::Panicked(panic) => panic.into_pyerr(),
            Stop::DrivesTasks => PyRuntimeError::new_err(
                "`block_on` cannot be called on a thread that drives async tasks: await the future there",
            ),
            Stop::Exit | Stop::Ended => closing::refuse("block_on"),
        }
    }
}

fn run<F: Future>(
    handle: &Handle,
    future: F,
    end: impl Future<Output = ()>,
    parker: &Arc<Parker>,
) -> Result<F::Output, Stop> {
    let waker = Waker::from(Arc::clone(parker));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(Some(future));
    let call = Call::begin();
    let result = match poll_inside(handle, future.as_mut(), &mut cx) {
        Ok(Poll::Ready(output)) => Ok(output),
        Ok(Poll::Pending) => wait(handle, future.as_mut(), end, &mut cx, parker),
        // The runtime has ended since the caller looked.
        Err(Stop::Panicked(panic)) if panic.is_of_an_ended_runtime() => {
            let ended = pin!(end).poll(&mut cx).is_ready();
            Err(if closing::has_begun() {
                Stop::Exit
            } else if ended {
                Stop::Ended
            } else {
                Stop::Panicked(panic)
            })
        }
        Err(stop) => Err(stop),
    };
    // What the future owns may need the runtime around it to be dropped.
    let dropped = panics::catch(|| {
        let _inside = handle.enter();
        future.set(None);
    });
    drop(call);
    dropped.map_err(Stop::Panicked).and(result)
}

/// The rest of a future that was not ready at once.
fn wait<F: Future>(
    handle: &Handle,
    mut future: Pin<&mut Option<F>>,
    end: impl Future<Output = ()>,
    cx: &mut Context<'_>,
    parker: &Parker,
) -> Result<F::Output, Stop> {
    let closing = closing::token();
    let mut closing = pin!(closing.cancelled());
    let mut end = pin!(end);
    let signals = Signals::watch(parker)?;
    // Looked at before each poll: a timer of a runtime that has ended panics.
    let mut over = |cx: &mut Context<'_>| {
        if closing.as_mut().poll(cx).is_ready() {
            Some(Stop::Exit)
        } else if !Call::outlives_runtime() && end.as_mut().poll(cx).is_ready() {
            Some(Stop::Ended)
        } else {
            None
        }
    };
    loop {
        if let Some(stop) = over(cx) {
            return Err(stop);
        }
        let came = parker.park(None);
        if let Some(signals) = &signals {
            signals.handle(&came)?;
        }
        if let Some(stop) = over(cx) {
            return Err(stop);
        }
        match poll_inside(handle, future.as_mut(), cx) {
            Ok(Poll::Ready(output)) => return Ok(output),
            Ok(Poll::Pending) => {}
            // One that was polled just then.
            Err(Stop::Panicked(panic)) => return Err(over(cx).unwrap_or(Stop::Panicked(panic))),
            Err(stop) => return Err(stop),
        }
    }
}

/// The signals of a wait on the main thread. Given back when it is dropped, also by a panic.
struct Signals<'a> {
    watch: Option<Watch>,
    pipe: &'a Pipe,
}

impl<'a> Signals<'a> {
    fn watch(parker: &'a Parker) -> Result<Option<Self>, Stop> {
        let Some(pipe) = parker.pipe() else { return Ok(None) };
        // CPython has recorded a signal that came before, and its number is in another descriptor.
        let watching = attach(|py| {
            let signals = Signals { watch: Some(Watch::start(py, pipe)?), pipe };
            signals.get().check(py)?;
            Ok(signals)
        });
        watching.map(Some)
    }

    fn get(&self) -> &Watch {
        self.watch.as_ref().expect("it is taken by the drop")
    }

    fn handle(&self, came: &[u8]) -> Result<(), Stop> {
        if came.is_empty() {
            return Ok(());
        }
        self.get().forward(came);
        attach(|py| self.get().check(py))
    }
}

impl Drop for Signals<'_> {
    fn drop(&mut self) {
        if let Some(watch) = self.watch.take() {
            // An error would be one of `signal.set_wakeup_fd`, which takes -1 at least.
            let _ = attach(|py| watch.stop(py, self.pipe));
        }
    }
}

/// Attaches this thread again, which Python made or which has attached itself.
fn attach<T>(f: impl FnOnce(Python<'_>) -> PyResult<T>) -> Result<T, Stop> {
    match Python::try_attach(f) {
        Some(result) => result.map_err(Stop::Raised),
        None => Err(Stop::Exit),
    }
}

/// One poll, inside the runtime.
fn poll_inside<F: Future>(
    handle: &Handle,
    mut future: Pin<&mut Option<F>>,
    cx: &mut Context<'_>,
) -> Result<Poll<F::Output>, Stop> {
    let mut poll = || match future.as_mut().as_pin_mut() {
        Some(future) => future.poll(cx),
        None => unreachable!("it is taken out after the last poll"),
    };
    if polling::phase() == Phase::Polling {
        // A future that calls Python that calls us: this thread blocks already, and may. tokio would refuse, and the outer
        // poll's budget would be used up for good.
        let nested = panics::catch(|| {
            let _inside = handle.enter();
            let mut unconstrained = pin!(tokio::task::unconstrained(poll_fn(|_| Poll::Ready(poll()))));
            match unconstrained.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(polled) => polled,
                Poll::Pending => unreachable!("it returns what the poll inside returned"),
            }
        });
        return nested.map_err(Stop::Panicked);
    }
    let entered = Cell::new(false);
    let polled = panics::catch(|| {
        let entering = Entering::begin();
        handle.block_on(poll_fn(|_| {
            entered.set(true);
            let _polling = Polling::begin(&entering);
            Poll::Ready(poll())
        }))
    });
    polled.map_err(|panic| if entered.get() { Stop::Panicked(panic) } else { Stop::DrivesTasks })
}

/// As [`Python::detach`], for a closure that is not `Send`.
fn detach<T>(py: Python<'_>, f: impl FnOnce() -> T) -> T {
    struct Local<T>(T);
    #[allow(unsafe_code, reason = "PyO3 takes `Send` for \"uses no `Python<'py>`\"")]
    // SAFETY: it is not sent anywhere: `detach` calls the closure on this thread. That the closure uses no `Python<'py>` is
    // what the callers of `block_on` answer for.
    unsafe impl<T> Send for Local<T> {}
    impl<T> Local<T> {
        fn into_inner(self) -> T {
            self.0
        }
    }
    let f = Local(f);
    py.detach(move || Local(f.into_inner()())).0
}
