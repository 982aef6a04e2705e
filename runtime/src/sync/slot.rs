//! A slot that its value is taken out of and put back into.
//!
//! Invariants, which the loom models below check:
//! 1. At most one [`Taken`] exists at a time, and anyone who waits for it is woken when it is dropped.
//! 2. The value is back in the slot when `Taken` is dropped, on every path, unless it was kept by [`Taken::keep`].
//! 3. The lock is held for a few moves of a pointer only: never across user code, a waker's call or an await.

use std::future::poll_fn;
use std::ops::{Deref, DerefMut};
use std::task::{Context, Poll, Waker};

use crate::sync::modelled::{Mutex, lock};

pub(crate) struct Slot<T> {
    inner: Mutex<Inner<T>>,
}

struct Inner<T> {
    place: State<T>,
    waiting: Vec<Waker>,
}

enum State<T> {
    Here(T),
    Taken,
    Gone,
}

impl<T> Slot<T> {
    pub(crate) fn new(value: T) -> Self {
        Slot { inner: Mutex::new(Inner { place: State::Here(value), waiting: Vec::new() }) }
    }

    /// The value, or `None` if somebody has it or it is gone for good.
    pub(crate) fn try_take(&self) -> Option<Taken<'_, T>> {
        let mut inner = lock(&self.inner);
        match std::mem::replace(&mut inner.place, State::Taken) {
            State::Here(value) => Some(Taken { slot: self, value: Some(value) }),
            other => {
                inner.place = other;
                None
            }
        }
    }

    /// Looks at the value without taking it out; `None` if it is not here. `look` runs under the lock: it is our own,
    /// and short.
    pub(crate) fn peek<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        match &lock(&self.inner).place {
            State::Here(value) => Some(look(value)),
            State::Taken | State::Gone => None,
        }
    }

    /// The value, as soon as nobody else has it; `None` if it is gone for good.
    pub(crate) async fn take(&self) -> Option<Taken<'_, T>> {
        poll_fn(|cx| self.poll_take(cx)).await
    }

    /// As [`take`](Self::take), for a hand-written future.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Option<Taken<'_, T>>> {
        // A waker's clone is code of the executor's.
        let waker = cx.waker().clone();
        let mut inner = lock(&self.inner);
        match std::mem::replace(&mut inner.place, State::Taken) {
            State::Here(value) => Poll::Ready(Some(Taken { slot: self, value: Some(value) })),
            State::Gone => {
                inner.place = State::Gone;
                Poll::Ready(None)
            }
            State::Taken => {
                if !inner.waiting.iter().any(|other| other.will_wake(&waker)) {
                    inner.waiting.push(waker);
                }
                Poll::Pending
            }
        }
    }

    fn put(&self, place: State<T>) {
        let waiting = {
            let mut inner = lock(&self.inner);
            inner.place = place;
            std::mem::take(&mut inner.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// The value while it is out of its slot. Dropping this puts it back.
pub(crate) struct Taken<'a, T> {
    slot: &'a Slot<T>,
    value: Option<T>,
}

impl<T> Taken<'_, T> {
    /// Keeps the value: the slot is empty for good.
    pub(crate) fn keep(mut self) -> T {
        self.value.take().expect("the value is here until this is dropped")
    }
}

impl<T> Deref for Taken<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("the value is here until this is dropped")
    }
}

impl<T> DerefMut for Taken<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("the value is here until this is dropped")
    }
}

impl<T> Drop for Taken<'_, T> {
    fn drop(&mut self) {
        self.slot.put(self.value.take().map_or(State::Gone, State::Here));
    }
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use super::Slot;

    #[test]
    fn a_look_takes_nothing() {
        let slot = Slot::new(1);
        assert_eq!(slot.peek(|value| *value), Some(1));
        let taken = slot.try_take().unwrap();
        assert_eq!(slot.peek(|value| *value), None);
        drop(taken);
        assert_eq!(slot.peek(|value| *value), Some(1));
    }
}

#[cfg(all(test, sundown_loom))]
mod models {
    use loom::future::block_on;
    use loom::sync::Arc;
    use loom::thread;

    use super::Slot;

    #[test]
    fn one_at_a_time_and_everyone_gets_it() {
        loom::model(|| {
            let slot = Arc::new(Slot::new(0));
            let other = {
                let slot = Arc::clone(&slot);
                thread::spawn(move || *block_on(slot.take()).expect("never kept") += 1)
            };
            *block_on(slot.take()).expect("never kept") += 1;
            other.join().unwrap();
            assert_eq!(*slot.try_take().expect("nobody has it"), 2);
        });
    }

    #[test]
    fn whoever_waits_learns_that_it_is_gone() {
        loom::model(|| {
            let slot = Arc::new(Slot::new(0));
            let other = {
                let slot = Arc::clone(&slot);
                thread::spawn(move || block_on(slot.take()).is_some_and(|taken| taken.keep() == 0))
            };
            let here = block_on(slot.take()).is_some_and(|taken| taken.keep() == 0);
            let there = other.join().unwrap();
            assert!(here ^ there, "exactly one of the two keeps the value");
        });
    }
}
