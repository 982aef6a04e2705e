//! The reaper: one thread that tears down what was dropped where nobody could wait, and keeps alarms for async callers
//! outside a runtime.
//!
//! It is started when there is something to do and ends when there is nothing left, so that an idle process has no
//! thread of ours. A job is never lost: it is pushed, and the thread marked as running, under one lock; the thread marks
//! itself as ended under the same lock, and only while the inbox is empty.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Instant;

use futures_util::stream::{FuturesUnordered, Stream as _};

use crate::drive::{self, Drive};
use crate::sync::lock;

/// The thread's name.
pub(crate) const NAME: &str = "sundown-reaper";

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

static INBOX: Mutex<Inbox> = Mutex::new(Inbox { jobs: Vec::new(), running: None });

struct Inbox {
    jobs: Vec<Job>,
    /// What wakes the thread, while there is one; a no-op until its first poll.
    running: Option<Waker>,
}

/// Runs the job that `make` returns on the reaper thread; it is given the thread's drive.
///
/// # Errors
///
/// If the thread cannot be started: then the job is dropped, and what it owns with it.
pub(crate) fn submit<F>(make: impl FnOnce(Arc<Drive>) -> F + Send + 'static) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let job: Job = Box::pin(async move {
        let drive = REAPER_DRIVE.with(|cell| cell.borrow().clone()).expect("jobs run on the reaper thread");
        // A panic that got this far must not end the thread that others wait for.
        let _ = drive::catch(make(drive)).await;
    });
    let (wake, start) = {
        let mut inbox = lock(&INBOX);
        inbox.jobs.push(job);
        match &inbox.running {
            Some(waker) => (Some(waker.clone()), false),
            None => {
                inbox.running = Some(Waker::noop().clone());
                (None, true)
            }
        }
    };
    if let Some(waker) = wake {
        waker.wake();
    }
    if start && let Err(error) = thread::Builder::new().name(NAME.to_owned()).spawn(reap) {
        let lost = {
            let mut inbox = lock(&INBOX);
            inbox.running = None;
            std::mem::take(&mut inbox.jobs)
        };
        drop(lost);
        return Err(error);
    }
    Ok(())
}

thread_local! {
    static REAPER_DRIVE: std::cell::RefCell<Option<Arc<Drive>>> = const { std::cell::RefCell::new(None) };
}

/// Whether this is the reaper thread, which others depend on.
pub(crate) fn is_current() -> bool {
    REAPER_DRIVE.try_with(|cell| cell.borrow().is_some()).unwrap_or(false)
}

fn reap() {
    let drive = Drive::blocking();
    REAPER_DRIVE.with(|cell| *cell.borrow_mut() = Some(Arc::clone(&drive)));
    let mut jobs = FuturesUnordered::new();
    drive::block_on(&drive, poll_fn(|cx| poll_jobs(&mut jobs, cx)));
}

/// Ready when there is nothing left to do and the inbox says so.
fn poll_jobs(jobs: &mut FuturesUnordered<Job>, cx: &mut Context<'_>) -> Poll<()> {
    loop {
        {
            let mut inbox = lock(&INBOX);
            jobs.extend(inbox.jobs.drain(..));
            if jobs.is_empty() {
                inbox.running = None;
                return Poll::Ready(());
            }
            inbox.running = Some(cx.waker().clone());
        }
        match Pin::new(&mut *jobs).poll_next(cx) {
            Poll::Ready(_) => {}
            Poll::Pending => return Poll::Pending,
        }
    }
}

/// Wakes `waker` once `at` has passed, unless the alarm is dropped before.
pub(crate) fn wake_at(at: Instant, waker: Waker) -> Alarm {
    let set = Arc::new(Mutex::new(Set { caller: Some(waker), job: None, dropped: false }));
    let for_job = Arc::clone(&set);
    // Without a thread nobody could wake the caller: better at once than never.
    if submit(move |drive| ring(drive, at, for_job)).is_err() {
        Set::ring(&set);
    }
    Alarm { at, set }
}

async fn ring(drive: Arc<Drive>, at: Instant, set: Arc<Mutex<Set>>) {
    let dropped = poll_fn(|cx| {
        let mut set = lock(&set);
        if set.dropped {
            return Poll::Ready(());
        }
        set.job = Some(cx.waker().clone());
        Poll::Pending
    });
    if drive.until(at, dropped).await.is_none() {
        Set::ring(&set);
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

impl Set {
    fn ring(set: &Mutex<Set>) {
        let caller = lock(set).caller.take();
        if let Some(waker) = caller {
            waker.wake();
        }
    }
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
        let job = {
            let mut set = lock(&self.set);
            set.dropped = true;
            set.job.take()
        };
        if let Some(waker) = job {
            waker.wake();
        }
    }
}
