//! By when those who wait for a shutdown want it to be over.
//!
//! Invariants, which the loom model below checks:
//! 1. The one who runs the shutdown learns of each earlier time, if who asked for it still waits.
//! 2. A waker is cloned, woken and dropped outside the lock.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::sync::modelled::{Mutex, lock};
use crate::sync::waiters::{self, Registration, Waiters};

/// The times that callers of one shutdown have asked for, while they wait.
pub(crate) struct Limits {
    state: Mutex<State>,
}

struct State {
    last_id: u64,
    /// By time, then by id.
    asked: BTreeSet<(Instant, u64)>,
    runner: Waiters,
}

impl Limits {
    pub(crate) fn new() -> Self {
        Limits { state: Mutex::new(State { last_id: 0, asked: BTreeSet::new(), runner: Waiters::new() }) }
    }

    /// The shutdown is to be over at `limit`, until the result is dropped.
    pub(crate) fn ask(&self, limit: Instant) -> Asked<'_> {
        let (asked, runner) = {
            let mut state = lock(&self.state);
            state.last_id += 1;
            let asked = (limit, state.last_id);
            state.asked.insert(asked);
            let is_earliest = state.asked.first() == Some(&asked);
            (asked, if is_earliest { state.runner.take() } else { Vec::new() })
        };
        waiters::wake(runner);
        Asked { limits: self, asked }
    }

    /// The earliest time that was asked for, as soon as it is before `limit`.
    pub(crate) fn before(&self, limit: Instant) -> Before<'_> {
        Before { limits: self, limit, place: Registration::default() }
    }
}

/// See [`Limits::ask`].
#[must_use = "it counts until it is dropped"]
pub(crate) struct Asked<'a> {
    limits: &'a Limits,
    asked: (Instant, u64),
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        lock(&self.limits.state).asked.remove(&self.asked);
    }
}

/// See [`Limits::before`].
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Before<'a> {
    limits: &'a Limits,
    limit: Instant,
    place: Registration,
}

impl Future for Before<'_> {
    type Output = Instant;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        let this = &mut *self;
        let waker = cx.waker().clone();
        let mut state = lock(&this.limits.state);
        if let Some(earliest) = state.asked.first().map(|(limit, _)| *limit).filter(|limit| *limit < this.limit) {
            drop(state);
            return Poll::Ready(earliest);
        }
        let replaced = state.runner.register(&mut this.place, waker);
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for Before<'_> {
    fn drop(&mut self) {
        if self.place.is_taken() {
            let left = lock(&self.limits.state).runner.leave(&self.place);
            drop(left);
        }
    }
}

#[cfg(all(test, sundown_loom))]
mod models {
    use std::time::Duration;

    use loom::future::block_on;
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    #[test]
    fn the_runner_learns_of_an_earlier_time() {
        loom::model(|| {
            let (limits, now) = (Arc::new(Limits::new()), Instant::now());
            let asks = {
                let limits = Arc::clone(&limits);
                thread::spawn(move || std::mem::forget(limits.ask(now)))
            };
            assert_eq!(block_on(limits.before(now + Duration::from_secs(1))), now);
            asks.join().unwrap();
        });
    }
}
