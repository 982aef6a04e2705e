//! Whether the interpreter exits: what the parts of the module ask before they start something, and what they count.
//!
//! [`exit`](super::exit) runs the exit, and calls [`begin`] first.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use pyo3::PyErr;
use tokio_util::sync::CancellationToken;

use crate::internal::host::fork::PerProcess;
use crate::interpreter::exceptions::ShutdownError;

static STATE: PerProcess<Closing> = PerProcess::inheriting(Closing::new);

struct Closing {
    has_begun: AtomicBool,
    token: CancellationToken,
    late: AtomicU64,
    refused: AtomicU64,
    interrupts: AtomicU64,
}

impl Closing {
    /// If its parent was exiting, so is a child: its stage two may be over. It counts from zero.
    fn new(parents: Option<&'static Closing>) -> Self {
        let has_begun = parents.is_some_and(|closing| closing.has_begun.load(Ordering::SeqCst));
        let token = CancellationToken::new();
        if has_begun {
            token.cancel();
        }
        Closing {
            has_begun: AtomicBool::new(has_begun),
            token,
            late: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            interrupts: AtomicU64::new(0),
        }
    }
}

/// Stage two begins: nothing new starts. False if that was so before.
pub(super) fn begin() -> bool {
    let closing = STATE.get();
    let begins = !closing.has_begun.swap(true, Ordering::SeqCst);
    closing.token.cancel();
    begins
}

/// Whether stage two has begun, or this module was imported after it: nothing new starts.
pub(crate) fn has_begun() -> bool {
    STATE.get().has_begun.load(Ordering::SeqCst)
}

/// A token that is cancelled when stage two begins.
pub(crate) fn token() -> CancellationToken {
    STATE.get().token.clone()
}

/// The error for what is refused because the interpreter exits: `refuse("future_into_py")`. It is counted.
pub(crate) fn refuse(what: &str) -> PyErr {
    STATE.get().refused.fetch_add(1, Ordering::Relaxed);
    ShutdownError::new_err(format!("the interpreter is exiting: `{what}` refused"))
}

/// Counts completions that were dropped quietly, because their event loop was closed.
pub(crate) fn count_late(completions: u64) {
    STATE.get().late.fetch_add(completions, Ordering::Relaxed);
}

/// Counts asynchronous exceptions that were sent.
pub(super) fn count_interrupts(threads: u64) {
    STATE.get().interrupts.fetch_add(threads, Ordering::Relaxed);
}

/// What this process's copy of the crate has counted so far.
#[must_use]
pub fn stats() -> Stats {
    let closing = STATE.get();
    let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Stats {
        late_completions: load(&closing.late),
        refused_spawns: load(&closing.refused),
        interrupts: load(&closing.interrupts),
    }
}

/// What [`stats`] returns. A forked child starts at zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Results that were dropped quietly: their event loop was closed, or their Python future cancelled.
    pub late_completions: u64,
    /// Calls that were refused because the interpreter was exiting.
    pub refused_spawns: u64,
    /// Asynchronous exceptions that were sent to runtime threads which still ran Python at exit.
    pub interrupts: u64,
}
