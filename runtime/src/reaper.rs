//! The reaper: a thread that tears down what was dropped where nobody could wait; and another that keeps alarms for async
//! callers outside a runtime.
//!
//! Each is started when there is something to do and ends when there is nothing left, so that an idle process has no
//! thread of ours. A job is never lost: it is pushed, and the thread marked as running, under one lock; the thread marks
//! itself as ended under the same lock, and only while the inbox is empty.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Instant;

use futures_util::stream::{FuturesUnordered, Stream as _};

use crate::Outcome;
use crate::drive::{self, Drive};
use crate::fork::PerProcess;
use crate::sync::lock;
use crate::user_threads::Owner;

/// Tears down what was dropped.
static REAPER: Background = Background::new("sundown-reaper");
/// Keeps the alarms: on a thread of their own, because what is torn down may be slow to drop.
static ALARMS: Background = Background::new("sundown-alarm");

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;
type MakeJob = Box<dyn FnOnce(Arc<Drive>) -> Job + Send>;

struct Background {
    name: &'static str,
    /// A forked child has no such thread, whatever its parent has.
    inbox: PerProcess<Mutex<Inbox>>,
}

struct Inbox {
    jobs: Vec<MakeJob>,
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
    REAPER.submit(Box::new(|drive| Box::pin(make(drive))))
}

thread_local! {
    static IS_BACKGROUND: Cell<bool> = const { Cell::new(false) };
}

/// Whether this is a thread of this module, which others depend on.
pub(crate) fn is_current() -> bool {
    IS_BACKGROUND.get()
}

impl Background {
    const fn new(name: &'static str) -> Self {
        Background { name, inbox: PerProcess::new(|| Mutex::new(Inbox { jobs: Vec::new(), running: None })) }
    }

    fn submit(&'static self, job: MakeJob) -> io::Result<()> {
        let (wake, start) = {
            let mut inbox = lock(self.inbox.get());
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
        if start && let Err(error) = thread::Builder::new().name(self.name.to_owned()).spawn(|| self.run()) {
            let lost = {
                let mut inbox = lock(self.inbox.get());
                inbox.running = None;
                std::mem::take(&mut inbox.jobs)
            };
            drop(lost);
            return Err(error);
        }
        Ok(())
    }

    fn run(&'static self) {
        IS_BACKGROUND.set(true);
        // A user's drops and steps run here.
        Owner::new().adopt_current();
        let drive = Drive::blocking();
        let mut jobs = FuturesUnordered::new();
        drive::block_on(&drive, poll_fn(|cx| self.poll(&mut jobs, &drive, cx)));
    }

    /// Ready when there is nothing left to do and the inbox says so.
    fn poll(&'static self, jobs: &mut FuturesUnordered<Job>, drive: &Arc<Drive>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let new = {
                let mut inbox = lock(self.inbox.get());
                if jobs.is_empty() && inbox.jobs.is_empty() {
                    inbox.running = None;
                    return Poll::Ready(());
                }
                inbox.running = Some(cx.waker().clone());
                std::mem::take(&mut inbox.jobs)
            };
            // A panic that got this far must not end the thread that others wait for.
            jobs.extend(new.into_iter().map(|make| {
                let drive = Arc::clone(drive);
                let job = async move { drop(drive::catch(async { make(drive).await }).await.map_err(Outcome::caught)) };
                Box::pin(job) as Job
            }));
            if Pin::new(&mut *jobs).poll_next(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

/// Wakes `waker` once `at` has passed, unless the alarm is dropped before.
pub(crate) fn wake_at(at: Instant, waker: Waker) -> Alarm {
    let set = Arc::new(Mutex::new(Set { caller: Some(waker), job: None, dropped: false }));
    let for_job = RingOnDrop(Arc::clone(&set));
    // Without a thread the job is dropped, and rings: better at once than never.
    let _ = ALARMS.submit(Box::new(move |drive| Box::pin(ring(drive, at, for_job))));
    Alarm { at, set }
}

async fn ring(drive: Arc<Drive>, at: Instant, set: RingOnDrop) {
    let dropped = poll_fn(|cx| {
        let mut set = lock(&set.0);
        if set.dropped {
            return Poll::Ready(());
        }
        set.job = Some(cx.waker().clone());
        Poll::Pending
    });
    drive.until(at, dropped).await;
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
