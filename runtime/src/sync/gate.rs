//! A gate that is closed once: who is inside is counted, and who closes it waits until they have left.
//!
//! Invariants, which the loom model below checks:
//! 1. Nobody gets in after `close` has taken the lock.
//! 2. `close` returns zero only when nobody is inside; the one who leaves last sees that somebody waits, because both look
//!    under the lock.
//! 3. Nothing of a user's runs under the lock.

use std::time::Instant;

use crate::sync::modelled::{Condvar, Mutex, lock};

/// Lets callers in until it is closed.
#[derive(Debug)]
pub struct Gate {
    state: Mutex<State>,
    left: Condvar,
}

#[derive(Debug)]
struct State {
    inside: usize,
    closed: bool,
    /// Whether somebody waits: telling a `Condvar` is a call of the OS, also where nobody does.
    awaited: bool,
}

impl Gate {
    /// Open, or `closed`.
    pub fn new(closed: bool) -> Self {
        Gate { state: Mutex::new(State { inside: 0, closed, awaited: false }), left: Condvar::new() }
    }

    /// Whether the caller got in; then it has to [`leave`](Self::leave).
    #[must_use]
    pub fn enter(&self) -> bool {
        let mut state = lock(&self.state);
        if state.closed {
            return false;
        }
        state.inside += 1;
        true
    }

    /// The end of an [`enter`](Self::enter).
    pub fn leave(&self) {
        let last = {
            let mut state = lock(&self.state);
            state.inside -= 1;
            state.inside == 0 && state.awaited
        };
        if last {
            self.left.notify_all();
        }
    }

    /// Lets nobody in any more, and blocks until all have left or `deadline` has come. How many are still inside.
    pub fn close(&self, deadline: Instant) -> usize {
        let mut state = lock(&self.state);
        state.closed = true;
        while state.inside > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state.awaited = true;
            state = self.left.wait_timeout(state, left).unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
        state.inside
    }

    /// Whether nobody is let in any more.
    pub fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_closed_gate_lets_nobody_in() {
        let gate = Gate::new(false);
        assert!(gate.enter());
        gate.leave();
        assert_eq!(gate.close(Instant::now()), 0);
        assert!(gate.is_closed());
        assert!(!gate.enter());
        assert!(!Gate::new(true).enter());
    }

    #[test]
    fn who_stays_inside_is_counted_at_the_deadline() {
        let gate = Gate::new(false);
        assert!(gate.enter() && gate.enter());
        let before = Instant::now();
        assert_eq!(gate.close(before + Duration::from_millis(20)), 2);
        assert!(before.elapsed() >= Duration::from_millis(20));
        gate.leave();
        gate.leave();
        assert_eq!(gate.close(Instant::now()), 0);
    }

    #[test]
    fn the_last_to_leave_lets_the_closer_go() {
        let gate = Gate::new(false);
        let (closing, is_closing) = mpsc::channel();
        thread::scope(|scope| {
            assert!(gate.enter());
            let closer = scope.spawn(|| {
                closing.send(()).unwrap();
                gate.close(Instant::now() + Duration::from_secs(60))
            });
            is_closing.recv().unwrap();
            gate.leave();
            assert_eq!(closer.join().unwrap(), 0);
        });
    }
}

#[cfg(all(test, sundown_loom))]
mod models {
    use std::time::{Duration, Instant};

    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicBool, Ordering};
    use loom::thread;

    use super::Gate;

    #[test]
    fn nobody_is_inside_once_the_gate_is_closed() {
        loom::model(|| {
            let shared = Arc::new((Gate::new(false), AtomicBool::new(false)));
            let visitors: Vec<_> = (0..2)
                .map(|_| {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || {
                        let (gate, python_is_gone) = &*shared;
                        if gate.enter() {
                            assert!(!python_is_gone.load(Ordering::Relaxed));
                            gate.leave();
                        }
                    })
                })
                .collect();
            // loom's `wait_timeout` never times out: a wake-up that is lost is a deadlock there.
            assert_eq!(shared.0.close(Instant::now() + Duration::from_secs(3600)), 0);
            assert!(shared.0.is_closed());
            shared.1.store(true, Ordering::Relaxed);
            visitors.into_iter().for_each(|visitor| visitor.join().unwrap());
        });
    }
}
