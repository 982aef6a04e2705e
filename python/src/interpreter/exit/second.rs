//! A second thread that ends the interpreter.
//!
//! `PyErr_Print` of a `SystemExit` calls `Py_FinalizeEx` on the thread that prints, a worker of a runtime for one, while the
//! main thread goes on, and ends sooner or later in `Py_FinalizeEx` too. Both come to stage two. If the second one went on
//! while the first still tears down, two threads would take the interpreter apart (3.13.0: 13 of 20 runs crashed).
//!
//! So the second one waits until stage two is over, and then until the first one finalizes, which needs no more of us:
//! from then on the second one must not come back. If the first one does not, because somebody has called the `atexit`
//! functions by hand, the second one goes on.
//!
//! The first one may come to its end while the main thread is still on its way, in `threading._shutdown`. That is
//! Python code, and since 3.13 CPython does not stop it when another thread finalizes (4 of 660 runs crashed in it). So
//! another thread than the main one waits a moment for the main thread to come.

use std::sync::Mutex;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::internal::driver::{self, Driver};
use crate::internal::sync::latch::Latch;
use crate::internal::sync::lock;
use crate::interpreter::{frames, modules};

/// How often the second one looks whether the first one finalizes. CPython has no event for it.
const LOOK: Duration = Duration::from_millis(2);

/// How long another thread than the main one waits for that. One that is on its way needs milliseconds; one that still
/// serves does not come.
const MAIN_COMES: Duration = Duration::from_millis(500);

/// Who runs stage two.
#[derive(Debug)]
pub(super) struct First {
    thread: Mutex<Option<ThreadId>>,
    over: Latch,
    /// A second one has come.
    followed: Latch,
}

impl First {
    pub(super) fn new() -> Self {
        First { thread: Mutex::new(None), over: Latch::new(), followed: Latch::new() }
    }

    /// This thread runs it, unless there was one before. What is returned says, dropped, that it is over.
    pub(super) fn begin(&self) -> Option<Over<'_>> {
        let mut first = lock(&self.thread);
        first.is_none().then(|| {
            *first = Some(thread::current().id());
            Over(self)
        })
    }

    /// Stage two has run on this thread, which is not the main thread. Blocks; detached.
    pub(super) fn waits_for_main(&self) {
        let driver = Driver::blocking();
        driver::block_on(&driver, driver.until(driver.after(MAIN_COMES), self.followed.wait()));
    }

    /// Another thread has come to stage two. Blocks; detached. Returns if that thread may go on: `patience` after stage two,
    /// if no thread finalizes.
    pub(super) fn comes_second(&self, patience: Duration) {
        // A user's teardown may call the `atexit` functions.
        if *lock(&self.thread) == Some(thread::current().id()) {
            return;
        }
        self.followed.set();
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
pub(super) struct Over<'a>(&'a First);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.over.set();
    }
}

/// Whether the main thread of Python is another one. It is not if `threading` was never imported: its `_shutdown` does
/// not run.
pub(super) fn is_main_another(py: Python<'_>) -> bool {
    let is_another = || {
        let threading = modules::imported(py)?.as_any().get_item("threading")?;
        let main = frames::main_ident(&threading)?;
        threading.call_method0("get_ident")?.ne(main)
    };
    is_another().unwrap_or(false)
}

#[allow(unsafe_code, reason = "PyO3 has no safe form of it")]
fn is_finalizing() -> bool {
    // SAFETY: it may be called by any thread, at any time.
    unsafe { pyo3::ffi::Py_IsInitialized() == 0 }
}
