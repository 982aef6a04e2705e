//! Which answers of Python's the Rust half of a Python future waits for: what its cancellation has to reach.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::internal::sync::lock;

/// Pairs of the number of a future and that of a reply.
#[derive(Debug, Default)]
pub(super) struct Awaits(Mutex<BTreeSet<(u64, u64)>>);

impl Awaits {
    /// The reply is awaited by `now`, and no longer by `before`.
    pub(super) fn set(&self, reply: u64, before: Option<u64>, now: Option<u64>) {
        let mut pairs = lock(&self.0);
        if let Some(future) = before {
            pairs.remove(&(future, reply));
        }
        if let Some(future) = now {
            pairs.insert((future, reply));
        }
    }

    /// The replies that this future waits for. Its Rust half, which is about to be dropped, takes them out.
    pub(super) fn of(&self, future: u64) -> Vec<u64> {
        lock(&self.0).range((future, 0)..=(future, u64::MAX)).map(|(_, reply)| *reply).collect()
    }
}
