//! The end of a thread, as an event after which it can be joined without blocking.
//!
//! The one who waits joins, so that the OS thread is gone when a report says that it has stopped. But it is the thread that
//! wakes them, and a wake may need what they hold while they poll: an executor's lock, or Python's. A join inside such a
//! poll would never return. So nobody joins while the thread may be waking somebody.
//!
//! Invariants, which the loom models below check:
//! 1. `Join::AtOnce` is returned only after the thread has woken all waiters.
//! 2. Anyone who waits is woken at the end: one who looks while the thread wakes others takes a place, and is woken in the
//!    next round. The number of rounds is limited; after them the end is announced without the join.
//! 3. Nothing of a user's runs under the lock.

use std::future::Future;

use crate::sync::modelled::{Mutex, lock};
use crate::sync::waiters::{self, Awaited, Waiters, Waiting};

/// One round is enough unless those who are woken are faster than the thread that wakes them.
const ROUNDS: usize = if cfg!(sundown_loom) { 1 } else { 16 };

#[derive(Debug)]
pub(super) struct End {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    waiters: Waiters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    /// It has ended, and wakes those who wait.
    Waking,
    /// It has ended.
    Over(Join),
}

/// Whether the thread may be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    /// It only exits: a join returns at once.
    AtOnce,
    /// It still wakes somebody, who may have to wait for the one that would join.
    Never,
}

impl End {
    pub(super) fn new() -> Self {
        End { state: Mutex::new(State { phase: Phase::Running, waiters: Waiters::new() }) }
    }

    /// The thread has ended. To be called by the thread itself, as the last thing that it does.
    pub(super) fn announce(&self) {
        let mut round = {
            let mut state = lock(&self.state);
            state.phase = Phase::Waking;
            state.waiters.take()
        };
        for left in (0..ROUNDS).rev() {
            waiters::wake(round);
            let mut state = lock(&self.state);
            round = state.waiters.take();
            if round.is_empty() {
                state.phase = Phase::Over(Join::AtOnce);
                return;
            }
            if left == 0 {
                state.phase = Phase::Over(Join::Never);
            }
        }
        waiters::wake(round);
    }

    pub(super) fn is_over(&self) -> bool {
        lock(&self.state).phase != Phase::Running
    }

    /// Ready when the thread has ended.
    pub(super) fn wait(&self) -> impl Future<Output = Join> + Send + '_ {
        Waiting::new(&self.state)
    }
}

impl Awaited for State {
    type Output = Join;

    fn output(&self) -> Option<Join> {
        match self.phase {
            Phase::Over(join) => Some(join),
            Phase::Running | Phase::Waking => None,
        }
    }

    fn waiters(&mut self) -> &mut Waiters {
        &mut self.waiters
    }
}

#[cfg(all(test, sundown_loom))]
mod models {
    use std::pin::pin;
    use std::task::{Context, Poll, Wake, Waker};

    use loom::sync::{Arc, Condvar};
    use loom::thread;

    use super::*;

    /// An executor that holds its lock while it polls, and whose wakers take that lock.
    struct Executor {
        woken: Mutex<bool>,
        changed: Condvar,
    }

    struct WakerOf(Arc<Executor>);

    impl Wake for WakerOf {
        fn wake(self: std::sync::Arc<Self>) {
            *lock(&self.0.woken) = true;
            self.0.changed.notify_one();
        }
    }

    /// Joins inside the poll, under the executor's lock: loom reports it if nobody can go on. The first polls come without
    /// a wake, so that they may meet one that is under way.
    fn wait_and_join(end: &End, thread: thread::JoinHandle<()>) -> Option<thread::JoinHandle<()>> {
        let executor = Arc::new(Executor { woken: Mutex::new(false), changed: Condvar::new() });
        let waker = Waker::from(std::sync::Arc::new(WakerOf(Arc::clone(&executor))));
        let mut waiting = pin!(end.wait());
        for spurious in [true, true, true].into_iter().chain(std::iter::repeat(false)) {
            let mut woken = lock(&executor.woken);
            while !*woken && !spurious {
                woken = executor.changed.wait(woken).unwrap();
            }
            *woken = false;
            match waiting.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(Join::AtOnce) => {
                    thread.join().unwrap();
                    return None;
                }
                Poll::Ready(Join::Never) => return Some(thread),
                Poll::Pending => {}
            }
        }
        unreachable!("it polls until the end is announced")
    }

    /// Bounded, to keep each model to seconds.
    fn model(f: impl Fn() + Sync + Send + 'static) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(f);
    }

    #[test]
    fn a_join_inside_a_poll_never_waits_for_a_wake_of_that_poll() {
        model(|| {
            let end = Arc::new(End::new());
            let over = Arc::clone(&end);
            let thread = thread::spawn(move || over.announce());
            let left = wait_and_join(&end, thread);
            assert!(end.is_over());
            if let Some(thread) = left {
                thread.join().unwrap();
            }
        });
    }

    #[test]
    fn everybody_who_waits_is_over() {
        model(|| {
            let end = Arc::new(End::new());
            let (over, other) = (Arc::clone(&end), Arc::clone(&end));
            let thread = thread::spawn(move || over.announce());
            let other = thread::spawn(move || loom::future::block_on(other.wait()));
            loom::future::block_on(end.wait());
            other.join().unwrap();
            thread.join().unwrap();
        });
    }
}
