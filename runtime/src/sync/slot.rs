//! A slot that its value is taken out of and put back into.
//!
//! Invariants, which the loom models below check:
//! 1. At most one [`Taken`] exists at a time, and anyone who waits for it is woken when it is dropped.
//! 2. The value is back in the slot when `Taken` is dropped, on every path, unless it was kept by [`Taken::keep`].
//! 3. A caller that gives up leaves nothing behind.
//! 4. The lock is held for a few moves of a pointer only: never across user code, a waker's call or an await.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::sync::modelled::{Mutex, lock};
use crate::sync::waiters::{self, Registration, Waiters};

pub(crate) struct Slot<T> {
    inner: Mutex<Inner<T>>,
}

struct Inner<T> {
    place: State<T>,
    waiting: Waiters,
}

enum State<T> {
    Here(T),
    Taken,
    Gone,
}

impl<T> Slot<T> {
    pub(crate) fn new(value: T) -> Self {
        Slot { inner: Mutex::new(Inner { place: State::Here(value), waiting: Waiters::new() }) }
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
    pub(crate) fn take(&self) -> Take<'_, T> {
        Take { slot: self, place: Registration::default() }
    }

    fn put(&self, place: State<T>) {
        let waiting = {
            let mut inner = lock(&self.inner);
            inner.place = place;
            inner.waiting.take()
        };
        waiters::wake(waiting);
    }
}

/// Ready with the value, as soon as nobody else has it.
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Take<'a, T> {
    slot: &'a Slot<T>,
    place: Registration,
}

impl<'a, T> Future for Take<'a, T> {
    type Output = Option<Taken<'a, T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Taken<'a, T>>> {
        let this = &mut *self;
        // A waker's clone is code of the executor's, and so is its drop.
        let waker = cx.waker().clone();
        let mut inner = lock(&this.slot.inner);
        let (poll, unused) = match std::mem::replace(&mut inner.place, State::Taken) {
            State::Here(value) => (Poll::Ready(Some(Taken { slot: this.slot, value: Some(value) })), None),
            State::Gone => {
                inner.place = State::Gone;
                (Poll::Ready(None), None)
            }
            State::Taken => (Poll::Pending, inner.waiting.register(&mut this.place, waker)),
        };
        drop(inner);
        drop(unused);
        poll
    }
}

impl<T> Drop for Take<'_, T> {
    fn drop(&mut self) {
        if self.place.is_taken() {
            let left = lock(&self.slot.inner).waiting.leave(&self.place);
            drop(left);
        }
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
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context, Wake, Waker};

    use super::*;

    struct Nothing;

    impl Wake for Nothing {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn a_caller_that_gives_up_leaves_nothing_behind() {
        let slot = Slot::new(1);
        let taken = slot.try_take().unwrap();
        let nothing = Arc::new(Nothing);
        for _ in 0..100 {
            let waker = Waker::from(Arc::new(Nothing));
            assert!(pin!(slot.take()).poll(&mut Context::from_waker(&waker)).is_pending());
        }
        let waker = Waker::from(Arc::clone(&nothing));
        {
            let mut take = pin!(slot.take());
            assert!(take.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            assert!(take.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            assert_eq!(Arc::strong_count(&nothing), 3, "here, the waker, and one in the slot");
        }
        assert_eq!(Arc::strong_count(&nothing), 2);
        assert!(lock(&slot.inner).waiting.take().is_empty());
        drop(taken);
    }

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
    fn a_waiter_learns_that_it_is_gone() {
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
