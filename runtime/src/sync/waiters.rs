//! The wakers of those who wait for one event.
//!
//! A waker's clone, drop and call are code of the executor's, so none of them happens under the lock that guards this
//! list: a waker comes in cloned, and what falls out of the list is handed to the caller.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

#[derive(Debug, Default)]
pub(crate) struct Waiters {
    last_id: u64,
    wakers: Vec<(u64, Waker)>,
}

/// The place of one who waits: none until the first [`Waiters::register`].
#[derive(Debug, Default)]
pub(crate) struct Place(Option<u64>);

impl Waiters {
    pub(crate) const fn new() -> Self {
        Waiters { last_id: 0, wakers: Vec::new() }
    }

    /// Wakes `waker` at the event. Returns the one that it replaces, to be dropped outside the lock.
    #[must_use = "a waker is dropped outside the lock"]
    pub(crate) fn register(&mut self, place: &mut Place, waker: Waker) -> Option<Waker> {
        let id = *place.0.get_or_insert_with(|| {
            self.last_id += 1;
            self.last_id
        });
        match self.wakers.iter_mut().find(|(other, _)| *other == id) {
            Some((_, old)) => Some(std::mem::replace(old, waker)),
            None => {
                self.wakers.push((id, waker));
                None
            }
        }
    }

    /// Nobody waits at `place` any more.
    #[must_use = "a waker is dropped outside the lock"]
    pub(crate) fn leave(&mut self, place: &Place) -> Option<Waker> {
        let at = self.wakers.iter().position(|(id, _)| Some(*id) == place.0)?;
        Some(self.wakers.swap_remove(at).1)
    }

    /// The event has come. The wakers are woken with [`wake`], outside the lock.
    #[must_use = "they are woken outside the lock"]
    pub(crate) fn take(&mut self) -> Vec<(u64, Waker)> {
        std::mem::take(&mut self.wakers)
    }
}

impl Place {
    /// Whether there is something to leave.
    pub(crate) fn is_taken(&self) -> bool {
        self.0.is_some()
    }
}

/// Wakes all of them. One that panics, which the panic hook tells, keeps none of the others.
pub(crate) fn wake(wakers: Vec<(u64, Waker)>) {
    for (_, waker) in wakers {
        // A payload may panic when it is dropped.
        let _ = catch_unwind(AssertUnwindSafe(|| waker.wake())).map_err(std::mem::forget);
    }
}
