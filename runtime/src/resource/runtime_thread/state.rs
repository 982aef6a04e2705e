//! What the thread and its handles share.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio_util::sync::CancellationToken;

use crate::sync::lock;

/// How the handler ended.
#[derive(Debug, Default)]
pub(super) struct Worker {
    /// Cancelled when the handler is to be dropped.
    pub(super) forced: CancellationToken,
    /// The message of the handler's panic.
    panic: Mutex<Option<String>>,
    /// How many messages were left when the handler let go of its inbox.
    unhandled: AtomicUsize,
    /// Whether that was before it was asked to stop.
    early: AtomicBool,
}

impl Worker {
    pub(super) fn panic(&self) -> Option<String> {
        lock(&self.panic).clone()
    }

    pub(super) fn panicked(&self, message: String) {
        *lock(&self.panic) = Some(message);
    }

    pub(super) fn unhandled(&self) -> usize {
        self.unhandled.load(Ordering::Acquire)
    }

    /// Whether messages were lost because the handler ended before it was asked to.
    pub(super) fn ended_early(&self) -> bool {
        self.early.load(Ordering::Acquire) && self.unhandled() > 0
    }

    pub(super) fn left_unhandled(&self, messages: usize, early: bool) {
        self.early.store(early, Ordering::Release);
        self.unhandled.store(messages, Ordering::Release);
    }
}
