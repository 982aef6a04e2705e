//! Alarms for async callers outside a runtime, on a thread of their own: it runs no code of users but their wakers.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Instant;

use crate::driver::Driver;
use crate::driver::background::{Background, Job};
use crate::sync::lock;

static ALARMS: Background = Background::single("sundown-alarm");

/// Wakes `waker` once `at` has passed, unless the alarm is dropped before.
pub(crate) fn wake_at(at: Instant, waker: Waker) -> Alarm {
    let set = Arc::new(Mutex::new(Set { caller: Some(waker), job: None, dropped: false }));
    let for_job = RingOnDrop(Arc::clone(&set));
    // Without a thread the job is dropped, and rings: better at once than never.
    let _ = ALARMS.submit(Job::new(Driver::background(), move |driver| ring(driver, at, for_job)), None);
    Alarm { at, set }
}

async fn ring(driver: Arc<Driver>, at: Instant, set: RingOnDrop) {
    let dropped = poll_fn(|cx| {
        let mut set = lock(&set.0);
        if set.dropped {
            return Poll::Ready(());
        }
        set.job = Some(cx.waker().clone());
        Poll::Pending
    });
    driver.until(at, dropped).await;
}

/// Wakes the caller at the end of the job, however it comes about.
struct RingOnDrop(Arc<Mutex<Set>>);

impl Drop for RingOnDrop {
    fn drop(&mut self) {
        let caller = lock(&self.0).caller.take();
        if let Some(waker) = caller {
            waker.wake();
        }
    }
}

/// A wake-up that was asked for.
pub(crate) struct Alarm {
    at: Instant,
    set: Arc<Mutex<Set>>,
}

struct Set {
    caller: Option<Waker>,
    job: Option<Waker>,
    dropped: bool,
}

impl Alarm {
    /// Whether this alarm is still set, for this time and this waker.
    pub(crate) fn is_for(&self, at: Instant, waker: &Waker) -> bool {
        self.at == at && lock(&self.set).caller.as_ref().is_some_and(|caller| caller.will_wake(waker))
    }
}

/// Ends the job, so that the thread does not stay for an alarm that nobody waits for.
impl Drop for Alarm {
    fn drop(&mut self) {
        let (job, _caller) = {
            let mut set = lock(&self.set);
            set.dropped = true;
            (set.job.take(), set.caller.take())
        };
        if let Some(waker) = job {
            waker.wake();
        }
    }
}
