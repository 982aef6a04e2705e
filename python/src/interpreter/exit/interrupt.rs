//! Asynchronous exceptions for what still runs Python on threads of ours: when they are due, and how they are sent.
//!
//! A thread is [known](crate::internal::host::user_threads) from its start, or while it runs a task of ours, and with
//! it by when its owner gives up. A quarter before that (half a second at least, but no more than half of the time) it
//! is sent an exception, so that the owner's plan sees it end; and then again, at growing intervals: it may swallow it,
//! or attach once more. A thread whose owner is not waited for has the exit's time.

use std::collections::HashMap;
use std::future::{Future, pending, poll_fn};
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::internal::driver::{Driver, FOREVER};
use crate::internal::host::user_threads::{self, Budget};
use crate::interpreter::closing;
use crate::interpreter::exceptions::InterpreterExit;
use crate::interpreter::exit::Live;

/// Of a short budget more than a quarter is kept: on a busy machine a thread needs a moment to meet its exception, and one
/// that still runs Python at the end is what the exit must not meet.
const FIRST: Duration = Duration::from_millis(500);

/// After the first exception; then twice as long, up to eight times.
const AGAIN: Duration = Duration::from_millis(50);

/// Between two looks for threads that may have come since.
const LOOK: Duration = Duration::from_millis(10);

/// Between two looks for waits that have begun since. With a thousand event loops a look takes as long as several polls,
/// and there are thousands.
const ASK: Duration = Duration::from_millis(1);

/// What was sent at this exit, and when more is.
pub(super) struct Interrupts {
    end: Instant,
    /// When those are due that nothing waits for, or for longer than the exit takes.
    due: Instant,
    /// When to look for what may have come since; none once that is of no use.
    look: Option<Instant>,
    sent: HashMap<u64, Sent>,
}

/// What a thread was sent.
struct Sent {
    /// Also those that met no Python code.
    times: u32,
    next: Instant,
}

impl Interrupts {
    /// For an exit that takes from now until `end`.
    pub(super) fn new(now: Instant, end: Instant) -> Self {
        let due = due(Budget { since: now, until: end });
        Interrupts { end, due, look: Some(due), sent: HashMap::new() }
    }

    /// Everybody is due now: the exit was hurried.
    pub(super) fn hurry(&mut self, now: Instant) {
        *self = Interrupts { sent: mem::take(&mut self.sent), ..Interrupts::new(now, now) };
    }

    /// When a thread is due.
    pub(super) fn due(&self, budget: Option<Budget>) -> Instant {
        budget.map_or(self.due, |budget| due(budget).min(self.due))
    }

    /// Never ends. Attaches, so it has to be polled by a thread that Python made, detached.
    ///
    /// Who is due, and when, is asked [soon](ASK) after every poll: the waits of a plan begin in polls of the same driver.
    pub(super) async fn run(&mut self, lives: &[Arc<dyn Live>], driver: &Driver) -> std::convert::Infallible {
        let mut alarm = pin!(driver.until(driver.now(), pending::<()>()));
        let mut set = None;
        let mut asked: Option<(Instant, Instant)> = None;
        poll_fn(|cx| {
            loop {
                let now = driver.now();
                let next = match asked {
                    Some((at, next)) if now < at + ASK => next.min(at + ASK),
                    _ => {
                        let next = self.next(lives);
                        asked = Some((now, next));
                        next
                    }
                };
                if next <= now {
                    self.round(lives, now);
                    asked = None;
                    continue;
                }
                if set != Some(next) {
                    alarm.set(driver.until(next, pending()));
                    set = Some(next);
                }
                if alarm.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                set = None;
            }
        })
        .await
    }

    /// When there is something to do.
    fn next(&self, lives: &[Arc<dyn Live>]) -> Instant {
        let mut next = self.look.unwrap_or_else(|| self.end + FOREVER);
        let mut known = |ident, budget| {
            let at = self.sent.get(&ident).map_or_else(|| self.due(budget), |sent| sent.next);
            next = next.min(at);
        };
        lives.iter().filter_map(|live| live.python_thread()).for_each(|(ident, budget)| known(ident, budget));
        user_threads::each(|thread| known(thread.ident, thread.budget));
        next
    }

    /// Sends an exception to each that is due.
    fn round(&mut self, lives: &[Arc<dyn Live>], now: Instant) {
        if self.look.is_some_and(|look| look <= now) {
            let left = self.end.saturating_duration_since(now);
            self.look = (left / 2 > LOOK).then(|| now + left / 2);
        }
        let mut any = false;
        let of_lives = || lives.iter().filter_map(|live| live.python_thread());
        of_lives().for_each(|(ident, budget)| any |= self.is_due(ident, budget, now));
        user_threads::each(|thread| any |= self.is_due(thread.ident, thread.budget, now));
        if !any {
            return;
        }
        Python::attach(|py| {
            let class = py.get_type::<InterpreterExit>();
            // The threads of loops, which Python made. Asked for again: one may have ended while this waited to be attached,
            // and its number be another's. It cannot end now, because it would need to be attached.
            for (ident, budget) in of_lives() {
                if self.is_due(ident, budget, now) {
                    self.send(&class, ident, now);
                }
            }
            user_threads::each(|thread| {
                if self.is_due(thread.ident, thread.budget, now) {
                    self.send(&class, thread.ident, now);
                }
            });
        });
    }

    pub(super) fn is_due(&self, ident: u64, budget: Option<Budget>, now: Instant) -> bool {
        self.sent.get(&ident).map_or_else(|| self.due(budget), |sent| sent.next) <= now
    }

    /// Sends one to the thread, if it is attached or was and will be again: nothing happens to one that has no thread state.
    ///
    /// For a thread on the list, this is to be called while the list is locked: then the thread lives, and no other has
    /// its id. CPython runs nothing of a user's meanwhile, it puts a reference into the thread's state; and who waits
    /// for the list's lock holds nothing that CPython waits for: a thread takes it when it starts, begins or ends a
    /// task, and ends.
    ///
    /// A thread that Rust made and that has left Python since has no thread state, and the exception with it is gone:
    /// the next `attach` begins with a new one. It can reach no code but what our thread runs.
    #[allow(unsafe_code, reason = "PyO3 has no safe form of it")]
    pub(super) fn send(&mut self, class: &Bound<'_, PyType>, ident: u64, now: Instant) {
        // An unsigned `long` of C, which PyO3 takes for a signed one.
        let id = ident as std::ffi::c_long;
        // SAFETY: attached, as the class shows; any number is allowed for the thread; CPython takes its own reference to the
        // class.
        let met = unsafe { pyo3::ffi::PyThreadState_SetAsyncExc(id, class.as_ptr()) };
        closing::count_interrupts(u64::try_from(met).unwrap_or(0));
        let sent = self.sent.entry(ident).or_insert(Sent { times: 0, next: now });
        sent.next = now + AGAIN * (1 << sent.times.min(3));
        sent.times += 1;
    }
}

/// When somebody who has this budget is due.
fn due(budget: Budget) -> Instant {
    let total = budget.until.saturating_duration_since(budget.since);
    budget.until.checked_sub((total / 4).max(FIRST.min(total / 2))).unwrap_or(budget.until)
}
