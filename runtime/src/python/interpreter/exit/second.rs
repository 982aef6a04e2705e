//! A second thread that ends the interpreter.
//!
//! `PyErr_Print` of a `SystemExit` calls `Py_FinalizeEx` on the thread that prints, a worker of a runtime for one, while the
//! main thread goes on, and ends sooner or later in `Py_FinalizeEx` too. Both come to stage two. If the second one went on
//! while the first still tears down, two threads would take the interpreter apart (3.13.0: 13 of 20 runs crashed).
//!
//! So the second one waits until stage two is over, and then until the first one finalizes, which needs no more of us: from
//! then on the second one must not come back. If the first one does not, because somebody has called the `atexit` functions by
//! hand, the second one goes on.

use std::sync::Mutex;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use crate::driver::{self, Driver};
use crate::sync::latch::Latch;
use crate::sync::lock;

/// How often the second one looks whether the first one finalizes. CPython has no event for it.
const LOOK: Duration = Duration::from_millis(2);

/// Who runs stage two.
#[derive(Debug)]
pub(super) struct First {
    thread: Mutex<Option<ThreadId>>,
    over: Latch,
}

impl First {
    pub(super) fn new() -> Self {
        First { thread: Mutex::new(None), over: Latch::new() }
    }

    /// This thread runs it, unless there was one before. What is returned says, dropped, that it is over.
    pub(super) fn begin(&self) -> Option<Over<'_>> {
        let mut first = lock(&self.thread);
        first.is_none().then(|| {
            *first = Some(thread::current().id());
            Over(&self.over)
        })
    }

    /// Another thread has come to stage two. Blocks; detached. Returns if that thread may go on: `patience` after stage two,
    /// if no thread finalizes.
    pub(super) fn comes_second(&self, patience: Duration) {
        // A user's teardown may call the `atexit` functions.
        if *lock(&self.thread) == Some(thread::current().id()) {
            return;
        }
        driver::block_on(&Driver::blocking(), self.over.wait());
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if is_finalizing() {
                loop {
                    thread::park();
                }
            }
            thread::sleep(LOOK);
        }
    }
}

/// Says, dropped, that stage two is over.
pub(super) struct Over<'a>(&'a Latch);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.set();
    }
}

#[allow(unsafe_code, reason = "PyO3 has no safe form of it")]
fn is_finalizing() -> bool {
    // SAFETY: it may be called by any thread, at any time.
    unsafe { pyo3::ffi::Py_IsInitialized() == 0 }
}
