//! What is counted and not shown.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::python::interpreter::exit::STATE;

/// What this process's copy of the crate has counted so far.
#[must_use]
pub fn stats() -> Stats {
    let counters = &STATE.get().counters;
    let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Stats {
        late_completions: load(&counters.late),
        refused_spawns: load(&counters.refused),
        interrupts: load(&counters.interrupts),
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

#[derive(Debug, Default)]
pub(super) struct Counters {
    late: AtomicU64,
    refused: AtomicU64,
    interrupts: AtomicU64,
}

impl Counters {
    pub(super) fn late(&self, completions: u64) {
        self.late.fetch_add(completions, Ordering::Relaxed);
    }

    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn interrupted(&self, threads: u64) {
        self.interrupts.fetch_add(threads, Ordering::Relaxed);
    }
}
