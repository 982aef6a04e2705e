//! Asynchronous exceptions for what still runs Python on a runtime's threads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use super::{Live, STATE};
use crate::drive::Drive;
use crate::python::exceptions::InterpreterExit;
use crate::python::runtime::current_ident;

/// Less than this before the end an exception is no longer sent: it would not arrive in time.
const LAST: Duration = Duration::from_millis(10);

/// Of a short budget more than a quarter is kept: on a busy machine a thread needs a moment to meet its exception, and one
/// that still runs Python at the end is what the exit must not meet.
const FIRST: Duration = Duration::from_millis(500);

/// Never ends. A quarter before the end of the time between now and `end` (half a second at least, but no more than half of
/// it) every thread of `lives` that runs Python is sent an exception, and again each time half of the rest has passed: a
/// thread may swallow it, or attach again.
///
/// Attaches, so it has to be polled by a thread that Python made, detached.
pub(super) async fn interrupt(lives: &[Arc<dyn Live>], end: Instant, drive: &Drive) -> std::convert::Infallible {
    // It may be one of them, if a callback has ended the process.
    let own = current_ident();
    let total = end.saturating_duration_since(drive.now());
    let mut at = end.checked_sub((total / 4).max(FIRST.min(total / 2))).unwrap_or(end);
    while end.saturating_duration_since(at) > LAST {
        let _: Option<()> = drive.until(at, std::future::pending()).await;
        let threads: Vec<u64> =
            lives.iter().flat_map(|live| live.python_threads()).filter(|thread| *thread != own).collect();
        if !threads.is_empty() {
            let sent = Python::attach(|py| threads.into_iter().map(|thread| send(py, thread)).sum());
            STATE.get().counters.interrupted(sent);
        }
        at = drive.now() + end.saturating_duration_since(drive.now()) / 2;
    }
    std::future::pending().await
}

/// How many interpreter states of that thread got the exception: none if it does not run Python.
#[allow(unsafe_code, reason = "PyO3 has no safe form of it")]
fn send(py: Python<'_>, thread: u64) -> u64 {
    let class = py.get_type::<InterpreterExit>();
    // An unsigned `long` of C, which PyO3 takes for a signed one.
    let id = thread as std::ffi::c_long;
    // SAFETY: attached; any number is allowed for the thread; the class is alive and CPython takes its own reference.
    let sent = unsafe { pyo3::ffi::PyThreadState_SetAsyncExc(id, class.as_ptr()) };
    u64::try_from(sent).unwrap_or(0)
}
