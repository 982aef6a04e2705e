//! The first panic of several calls, of which each is made whatever became of those before it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::thread;

use crate::sync::{lock, quietly};

/// The payload of the first of those calls that panicked. The panic hook has told of all of them.
#[derive(Default)]
pub(crate) struct FirstPanic(Mutex<Option<Box<dyn Any + Send>>>);

impl FirstPanic {
    /// Calls `f`. A panic ends here.
    pub(crate) fn catch(&self, f: impl FnOnce()) {
        let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else { return };
        let mut first = lock(&self.0);
        if first.is_none() {
            *first = Some(payload);
        } else {
            drop(first);
            quietly(|| drop(payload));
        }
    }

    /// Goes on with the first panic, if there was one; not where the thread unwinds already, which would abort the process.
    pub(crate) fn resume(&self) {
        let first = lock(&self.0).take();
        match first {
            Some(payload) if thread::panicking() => quietly(|| drop(payload)),
            Some(payload) => resume_unwind(payload),
            None => {}
        }
    }
}
