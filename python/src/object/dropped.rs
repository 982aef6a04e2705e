//! What happens to an object that was not closed, when its last reference goes.
//!
//! | where | what |
//! |---|---|
//! | a forked child | nothing: the resources are the parent's, and stay undropped |
//! | the interpreter has torn everything down, or the process exits | what is left is requested to stop and forced |
//! | anywhere, and nothing of it runs: empty `Tasks`, `None`, what has ended | it is torn down at once |
//! | on a thread that others may depend on: a runtime's, one that runs an event loop, one that unwinds | the reaper tears it down |
//! | anywhere else | the reaper tears it down, and this thread waits for it, detached, for [half a second](drop_wait) at most |
//!
//! Half a second for all that are dropped in one go, because a drop does not know what its thread holds: the garbage
//! collector drops objects anywhere, below a lock of the user's too. What takes longer goes on in the background, within the
//! class's own timeout.

use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::select;
use pyo3::exceptions::PyResourceWarning;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};
use sundown::Phase;

use crate::internal::driver::{self, Driver};
use crate::internal::host::fork::PerProcess;
use crate::internal::sync::latch::Latch;
use crate::internal::sync::lock;
use crate::internal::value::{detached, on_drop, reaper};
use crate::interpreter::attached::{Pending, if_attached};
use crate::interpreter::intern::interned;
use crate::interpreter::raise_soon::ok_or_raise_soon;
use crate::interpreter::{closing, exit, gate, modules};
use crate::object::addresses;
use crate::object::class::Class;
use crate::object::drop_wait;
use crate::object::find::object_of;
use crate::object::state::{Object, ObjectState};

/// A value is dropped, by Python or by Rust.
pub(super) fn dropped<T: Class>(value: &T) {
    let entry = value.entry();
    if entry.is_inherited() {
        // The clones keep the fields from being the last.
        mem::forget(value.handles());
        return;
    }
    // The state keeps it until the guard goes, so that the exit finds it here or with the reaper.
    let object = match ObjectState::of(entry).object() {
        Some(object) => {
            addresses::forget(ObjectState::of(entry).address.load(std::sync::atomic::Ordering::Relaxed), &object);
            object
        }
        None if entry.is_open() => object_of(value),
        None => return,
    };
    let witness = lock(&object.witness).take();
    let pass = gate::enter();
    if !entry.is_open() {
        return;
    }
    if pass.is_none() || crate::internal::host::exit::is_exiting() {
        // The interpreter is about to end: Python is not touched any more, and nothing waits.
        mem::forget(witness);
        object.force();
        return;
    }
    let waits = if_attached(|py| {
        let _pending = Pending::take(py);
        if !T::QUIET && entry.phase() == Phase::Live {
            warn(py, &object, witness.as_ref());
        }
        drop(witness);
        if py.detach(|| object.settle()) {
            // There was nothing to wait for.
        } else if runs_a_loop(py) {
            hand_over(object.clone());
        } else {
            let over = hand_over(object.clone());
            py.detach(|| wait(&over, entry.created));
        }
    });
    if waits.is_none() && !object.settle() {
        wait(&hand_over(object), entry.created);
    }
}

/// Has the reaper tear it down. The latch is set when that is over, or cannot be.
fn hand_over(object: Arc<Object>) -> Arc<Latch> {
    /// However the job ends.
    struct Over(Arc<Latch>);
    impl Drop for Over {
        fn drop(&mut self) {
            self.0.set();
        }
    }
    let latch = Arc::new(Latch::new());
    let over = Over(Arc::clone(&latch));
    object.entry.begin();
    let weak = Arc::downgrade(&object);
    let at_exit = move || weak.upgrade().map(exit::stopped_at_exit);
    let dropped = detached::DroppedValue::register_for_exit(object.name(), object.entry.location, at_exit);
    let kept = Arc::clone(&object);
    let started = reaper::submit(move |driver| async move {
        let _over = over;
        let result = object.teardown(None, &driver).await;
        // Its result is in the events.
        let report = result.unwrap_or_else(sundown::ShutdownError::into_report);
        dropped.ended(report.outcome());
        drop(object);
    });
    if started.is_err() {
        kept.force();
    }
    latch
}

fn wait(over: &Latch, created: Instant) {
    if on_drop::may_wait() {
        drop_wait::wait(created, |timeout| {
            let driver = Driver::blocking();
            // Nor beyond the beginning of the exit, after which this thread could not attach again.
            let closing = closing::token();
            let (over, closing) = (pin!(over.wait()), pin!(closing.cancelled()));
            let ends = select(over, closing);
            driver::block_on(&driver, driver.until(driver.after(timeout), ends));
        });
    }
}

/// Whether an event loop runs on this thread, which must not be blocked; it may be the object's own.
fn runs_a_loop(py: Python<'_>) -> bool {
    static RUNNING: PerProcess<PyOnceLock<Py<PyAny>>> = PerProcess::new(PyOnceLock::new);
    // Before asyncio is imported there is no loop.
    if RUNNING.get().get(py).is_none() && !modules::is_imported(py, "asyncio").unwrap_or(false) {
        return false;
    }
    let running = RUNNING.get().import(py, "asyncio", "_get_running_loop").and_then(|running| running.call0());
    running.is_ok_and(|running| !running.is_none())
}

/// As CPython does for a file or a socket.
fn warn(py: Python<'_>, object: &Object, witness: Option<&Py<PyAny>>) {
    static WARN: PerProcess<PyOnceLock<Py<PyAny>>> = PerProcess::new(PyOnceLock::new);
    let warn = || {
        let message = format!("unclosed `{}` (created at {})", object.name(), object.entry.location);
        let arguments = PyDict::new(py);
        arguments.set_item(interned!(py, "source"), witness)?;
        WARN.get()
            .import(py, "warnings", "warn")?
            .call((message, py.get_type::<PyResourceWarning>(), 1), Some(&arguments))?;
        Ok(())
    };
    let result: PyResult<()> = warn();
    if let Err(error) = result {
        // The object is nearly gone: it is named.
        let what = PyString::new(py, &format!("the drop of an unclosed `{}`", object.name()));
        error.write_unraisable(py, Some(what.as_any()));
    }
}

/// A Python object made together with the value, so that tracemalloc records the place; `None` unless tracemalloc is
/// tracing. It is the `source` of the warning, and `warnings` prints where it was allocated.
pub(super) fn witness(py: Python<'_>) -> Option<Py<PyAny>> {
    static IS_TRACING: PerProcess<PyOnceLock<Py<PyAny>>> = PerProcess::new(PyOnceLock::new);
    static OBJECT: PerProcess<PyOnceLock<Py<PyAny>>> = PerProcess::new(PyOnceLock::new);
    let witness = || {
        if !IS_TRACING.get().import(py, "_tracemalloc", "is_tracing")?.call0()?.is_truthy()? {
            return Ok(None);
        }
        OBJECT.get().import(py, "builtins", "object")?.call0().map(|object| Some(object.unbind()))
    };
    ok_or_raise_soon(py, witness()).flatten()
}
