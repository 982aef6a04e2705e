//! Panics of what is polled.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;
use std::thread;

/// Catches a panic in any poll of `future`, and in its drop after the last. The future is not polled again after one.
pub(crate) async fn catch<F: Future>(future: F) -> thread::Result<F::Output> {
    let mut future = Box::pin(future);
    let result = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(payload) => Poll::Ready(Err(payload)),
    })
    .await;
    catch_unwind(AssertUnwindSafe(|| drop(future))).and(result)
}
