//! The blocking driver: it parks its thread.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use super::Driver;

/// The blocking driver: runs `future`, whose alarms are `driver`'s, on this thread, which is parked in between.
pub fn block_on<F: Future>(driver: &Driver, future: F) -> F::Output {
    let mut future = pin!(future);
    let unpark = Arc::new(Unpark { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&unpark));
    let mut cx = Context::from_waker(&waker);
    let _here = Here::enter();
    loop {
        // It may be woken as often as it is polled: the alarms of its other parts ring all the same.
        if driver.next_alarm().is_some_and(|at| at <= driver.now()) {
            driver.ring();
        }
        if let Poll::Ready(output) = driver.poll(future.as_mut(), &mut cx) {
            return output;
        }
        while !unpark.woken.swap(false, Ordering::Acquire) {
            match driver.next_alarm().map(|at| at.saturating_duration_since(driver.now())) {
                None => thread::park(),
                Some(Duration::ZERO) => driver.ring(),
                Some(left) => thread::park_timeout(left),
            }
        }
    }
}

thread_local! {
    static HERE: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in [`block_on`].
#[cfg_attr(not(feature = "tokio"), allow(dead_code, reason = "asked of the threads of runtimes"))]
pub(super) fn is_here() -> bool {
    HERE.get()
}

/// This thread is in [`block_on`] until this is dropped.
struct Here {
    before: bool,
}

impl Here {
    fn enter() -> Self {
        Here { before: HERE.replace(true) }
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        HERE.set(self.before);
    }
}

/// Unparks the thread of a blocking driver. `woken` is set before the unpark, and a park that returns for another
/// reason finds it unset and parks again.
struct Unpark {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}
