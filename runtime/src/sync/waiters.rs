//! The wakers of those who wait for one event.
//!
//! A waker's clone, drop and call are code of the executor's, so none of them happens under the lock that guards this
//! list: a waker comes in cloned, and what falls out of the list is handed to the caller.
//!
//! Thousands may wait for one event, as the callers of a busy `RuntimeThread`, each of which takes its place and leaves
//! it: so a place is found by a search tree (40,000 calls: a tenth of the time with a list).

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::sync::modelled::{Mutex, lock};
use crate::sync::quietly;

#[derive(Debug, Default)]
pub(crate) struct Waiters {
    last_id: u64,
    /// In the order in which they came.
    wakers: BTreeMap<u64, Waker>,
}

/// The place of one who waits: none until the first [`Waiters::register`].
#[derive(Debug, Default)]
pub(crate) struct Registration(Option<u64>);

impl Waiters {
    pub(crate) const fn new() -> Self {
        Waiters { last_id: 0, wakers: BTreeMap::new() }
    }

    /// Wakes `waker` at the event. Returns the one that it replaces, to be dropped outside the lock.
    #[must_use = "a waker is dropped outside the lock"]
    pub(crate) fn register(&mut self, place: &mut Registration, waker: Waker) -> Option<Waker> {
        let id = *place.0.get_or_insert_with(|| {
            self.last_id += 1;
            self.last_id
        });
        self.wakers.insert(id, waker)
    }

    /// Nobody waits at `place` any more.
    #[must_use = "a waker is dropped outside the lock"]
    pub(crate) fn leave(&mut self, place: &Registration) -> Option<Waker> {
        self.wakers.remove(&place.0?)
    }

    /// The event has come. The wakers are woken with [`wake`], outside the lock.
    #[must_use = "they are woken outside the lock"]
    pub(crate) fn take(&mut self) -> Vec<(u64, Waker)> {
        std::mem::take(&mut self.wakers).into_iter().collect()
    }
}

impl Registration {
    /// Whether there is something to leave.
    pub(crate) fn is_taken(&self) -> bool {
        self.0.is_some()
    }
}

/// What is behind a lock, with those who wait for its event.
pub(crate) trait Awaited {
    /// What the event brings.
    type Output;

    /// The output, once the event has come.
    fn output(&self) -> Option<Self::Output>;

    fn waiters(&mut self) -> &mut Waiters;
}

/// Ready when the event has come.
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Waiting<'a, S: Awaited> {
    state: &'a Mutex<S>,
    place: Registration,
}

impl<'a, S: Awaited> Waiting<'a, S> {
    pub(crate) fn new(state: &'a Mutex<S>) -> Self {
        Waiting { state, place: Registration::default() }
    }
}

impl<S: Awaited> Future for Waiting<'_, S> {
    type Output = S::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<S::Output> {
        let this = &mut *self;
        let waker = cx.waker().clone();
        let mut state = lock(this.state);
        if let Some(output) = state.output() {
            drop(state);
            return Poll::Ready(output);
        }
        let replaced = state.waiters().register(&mut this.place, waker);
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl<S: Awaited> Drop for Waiting<'_, S> {
    fn drop(&mut self) {
        if self.place.is_taken() {
            let left = lock(self.state).waiters().leave(&self.place);
            drop(left);
        }
    }
}

/// Wakes all of them. One that panics, which the panic hook tells, keeps none of the others.
pub(crate) fn wake(wakers: Vec<(u64, Waker)>) {
    for (_, waker) in wakers {
        quietly(|| waker.wake());
    }
}
