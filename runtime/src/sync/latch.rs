//! An event that happens once, and that threads and tasks wait for.
//!
//! Invariants, which the loom models below check:
//! 1. Once set it stays set, and whatever was written before [`Latch::set`] is seen after any wait for it.
//! 2. Anyone who waits when it is set is woken: it looked, and took its place, under the lock that the setter takes.
//! 3. Nothing of a user's runs under the lock.

use std::future::Future;
use std::time::{Duration, Instant};

use crate::sync::modelled::{Condvar, Mutex, lock};
use crate::sync::waiters::{self, Awaited, Waiters, Waiting};

/// An event that happens once.
#[derive(Debug)]
pub struct Latch {
    state: Mutex<State>,
    threads: Condvar,
}

#[derive(Debug)]
struct State {
    set: bool,
    /// The threads that are blocked here: telling a `Condvar` is a call of the OS, also where nobody waits.
    blocked: usize,
    tasks: Waiters,
}

impl Latch {
    /// It has not happened.
    #[allow(clippy::new_without_default, reason = "internal")]
    pub fn new() -> Self {
        Latch { state: Mutex::new(State { set: false, blocked: 0, tasks: Waiters::new() }), threads: Condvar::new() }
    }

    /// The event has happened.
    pub fn set(&self) {
        let (blocked, tasks) = {
            let mut state = lock(&self.state);
            state.set = true;
            (state.blocked, state.tasks.take())
        };
        if blocked > 0 {
            self.threads.notify_all();
        }
        waiters::wake(tasks);
    }

    /// Whether it has happened.
    pub fn is_set(&self) -> bool {
        lock(&self.state).set
    }

    /// Blocks this thread until it is set.
    pub(crate) fn wait_blocking(&self) {
        let mut state = lock(&self.state);
        while !state.set {
            state.blocked += 1;
            state = self.threads.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
            state.blocked -= 1;
        }
    }

    /// Blocks this thread until it is set, for at most `timeout`. Whether it is set.
    pub(crate) fn wait_timeout(&self, timeout: Duration) -> bool {
        // A timeout past the end of the clock is none.
        let Some(until) = Instant::now().checked_add(timeout) else {
            self.wait_blocking();
            return true;
        };
        let mut state = lock(&self.state);
        while !state.set {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state.blocked += 1;
            let waited = self.threads.wait_timeout(state, left);
            state = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
            state.blocked -= 1;
        }
        true
    }

    /// Ready when it is set.
    pub fn wait(&self) -> impl Future<Output = ()> + Send + Unpin + '_ {
        Waiting::new(&self.state)
    }
}

impl Awaited for State {
    type Output = ();

    fn output(&self) -> Option<()> {
        self.set.then_some(())
    }

    fn waiters(&mut self) -> &mut Waiters {
        &mut self.tasks
    }
}

#[cfg(all(test, sundown_loom))]
mod models {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use loom::future::block_on;
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicUsize, Ordering};
    use loom::thread;

    use super::Latch;

    #[test]
    fn a_thread_and_a_task_that_wait_are_woken_and_see_what_was_written() {
        loom::model(|| {
            let shared = Arc::new((Latch::new(), AtomicUsize::new(0)));
            let [blocked, setter] = [Arc::clone(&shared), Arc::clone(&shared)];
            let blocked = thread::spawn(move || {
                blocked.0.wait_blocking();
                assert_eq!(blocked.1.load(Ordering::Relaxed), 7);
            });
            let setter = thread::spawn(move || {
                setter.1.store(7, Ordering::Relaxed);
                setter.0.set();
            });
            block_on(shared.0.wait());
            assert_eq!(shared.1.load(Ordering::Relaxed), 7);
            blocked.join().unwrap();
            setter.join().unwrap();
        });
    }

    #[test]
    fn a_wait_that_is_dropped_takes_no_other_with_it() {
        loom::model(|| {
            let latch = Arc::new(Latch::new());
            let setter = Arc::clone(&latch);
            let setter = thread::spawn(move || setter.set());
            {
                let mut dropped = pin!(latch.wait());
                let _ = dropped.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }
            block_on(latch.wait());
            setter.join().unwrap();
            assert!(latch.is_set());
        });
    }
}
