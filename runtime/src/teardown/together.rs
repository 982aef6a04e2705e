//! Futures that are polled side by side, and all of them dropped whatever a drop does.
//!
//! A `FuturesUnordered` forgets the futures that are left when the drop of one panics. Waits must not be forgotten:
//! their roots would go on polling what they borrow, see [`nest`](super::nest).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use pin_project_lite::pin_project;

use crate::sync::first_panic::FirstPanic;
use crate::sync::quietly;

/// Futures, each polled when it was woken. Dropping it drops all of them, and then goes on with the first panic.
pub(crate) struct Together<F> {
    futures: FuturesUnordered<Caught<F>>,
    panic: Arc<FirstPanic>,
}

impl<F: Future> Together<F> {
    pub(crate) fn new() -> Self {
        Together { futures: FuturesUnordered::new(), panic: Arc::default() }
    }

    pub(crate) fn push(&self, future: F) {
        self.futures.push(Caught { future: Some(future), panic: Arc::clone(&self.panic) });
    }

    /// The output of the next that ends; none if there is no more.
    pub(crate) async fn next(&mut self) -> Option<F::Output> {
        self.futures.next().await
    }
}

impl<T, F: Future<Output = Option<T>>> Together<F> {
    /// The first output that is one; none if none of them has any. The others are dropped, and what their drops do does not
    /// cost the output.
    pub(crate) async fn first(mut self) -> Option<T> {
        let first = loop {
            match self.next().await {
                Some(None) => {}
                Some(first) => break first,
                None => break None,
            }
        };
        quietly(|| drop(self));
        first
    }
}

impl<F: Future> FromIterator<F> for Together<F> {
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let together = Together::new();
        futures.into_iter().for_each(|future| together.push(future));
        together
    }
}

impl<F> Drop for Together<F> {
    fn drop(&mut self) {
        self.futures.clear();
        self.panic.resume();
    }
}

pin_project! {
    /// A future whose drop does not panic.
    struct Caught<F> {
        #[pin]
        future: Option<F>,
        panic: Arc<FirstPanic>,
    }

    impl<F> PinnedDrop for Caught<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.panic.catch(|| this.future.set(None));
        }
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.as_pin_mut().expect("it is there until the drop").poll(cx)
    }
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    struct Panics<'a>(&'a AtomicUsize);

    impl Drop for Panics<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
            if !thread::panicking() {
                panic!("in its drop");
            }
        }
    }

    #[test]
    fn all_are_dropped_although_each_drop_panics() {
        let dropped = AtomicUsize::new(0);
        let together: Together<_> = (0..5)
            .map(|_| {
                let panics = Panics(&dropped);
                async move {
                    let _panics = panics;
                    std::future::pending::<()>().await;
                }
            })
            .collect();
        let payload = catch_unwind(AssertUnwindSafe(|| drop(together))).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"in its drop"));
        assert_eq!(dropped.into_inner(), 5);
    }
}
