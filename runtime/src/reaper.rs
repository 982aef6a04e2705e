//! The reaper: threads that tear down what was dropped where nobody could wait; and another that keeps alarms for async
//! callers outside a runtime.
//!
//! A job of the reaper's runs code of users: their polls, their drops, the subscribers of their events. So each job is on
//! its own: a thread goes into one job at a time, and there is another thread outside, which waits for what the other jobs
//! need next: a wake, an alarm, the limit of a job that somebody is inside. In an idle process there is none.
//!
//! Invariants:
//! 1. While a job lives, a thread is outside of all jobs, or was started and is on its way, unless the OS has refused to
//!    start one or the process exits. So a job that never returns holds up no other.
//! 2. One thread at a time is inside a job. What wakes the job meanwhile is not lost: it is polled again afterwards.
//! 3. A job is never lost: it is added, and a thread marked as started, under one lock. Should that not start, the jobs are
//!    dropped, unless other threads are there to run them.
//! 4. A thread marks itself as ended under the same lock, and only if no job lives or others wait. So all threads end when
//!    there is nothing to do, but for those that are inside a job that does not return.
//! 5. Nothing of a user's runs under the lock, or on the thread that is outside: what an alarm wakes, it wakes from inside
//!    its job, and what is said of a late job is said by a job.
//! 6. A thread that waits does so until the first alarm or limit of all, or another one does.

mod jobs;

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Instant;

use crate::drive::{self, Drive};
use crate::fork::{self, PerProcess};
use crate::sync::lock;
use crate::{Outcome, budget, exit};
use jobs::{Jobs, Late, Taken};

/// Tears down what was dropped.
static REAPER: Background = Background::new("sundown-reaper", || Jobs::new(true));
/// Keeps the alarms. It needs no spare thread: its jobs call wakers and nothing else.
static ALARMS: Background = Background::new("sundown-alarm", || Jobs::new(false));

struct Background {
    name: &'static str,
    /// A forked child has no such thread, whatever its parent has.
    jobs: PerProcess<Jobs<Job>>,
}

struct Job {
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
    drive: Arc<Drive>,
    waker: Option<Waker>,
}

impl Job {
    fn new<F>(drive: Arc<Drive>, make: impl FnOnce(Arc<Drive>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let for_job = Arc::clone(&drive);
        let future = async move {
            // `make` is called on the thread too. A panic that got this far must not end the thread.
            drop(drive::catch(async { make(for_job).await }).await.map_err(Outcome::caught));
        };
        Job { future: Box::pin(future), drive, waker: None }
    }

    /// Whether it has ended.
    fn poll(&mut self, waker: impl FnOnce() -> Waker) -> bool {
        self.drive.ring();
        let waker = self.waker.get_or_insert_with(waker);
        let mut cx = Context::from_waker(waker);
        budget::own(|| self.future.as_mut().poll(&mut cx)).0.is_ready()
    }
}

/// Runs the job that `make` returns on a thread of the reaper; it is given the job's drive.
///
/// # Errors
///
/// If no thread can be started: then the job is dropped, and what it owns with it.
#[cfg(any(feature = "process", feature = "python"))]
pub(crate) fn submit<F>(make: impl FnOnce(Arc<Drive>) -> F + Send + 'static) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    REAPER.submit(Job::new(Drive::background(), make), None)
}

/// As [`submit`]. If the job is inside a call of the user's that has not returned at `limit`, `late` is called with the
/// path of the step that it is in; none if it is in a drop.
pub(crate) fn submit_within<F>(
    limit: Instant,
    late: impl FnOnce(Option<String>) + Send + 'static,
    make: impl FnOnce(Arc<Drive>) -> F + Send + 'static,
) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let drive = Drive::background();
    let stuck = Arc::clone(&drive);
    let late = Job::new(Drive::background(), move |_| async move { late(stuck.inside()) });
    REAPER.submit(Job::new(drive, make), Some(Late { limit, job: late }))
}

thread_local! {
    static IS_BACKGROUND: Cell<bool> = const { Cell::new(false) };
}

/// Whether this is a thread of this module, which others depend on.
pub(crate) fn is_current() -> bool {
    IS_BACKGROUND.get()
}

impl Background {
    const fn new(name: &'static str, jobs: fn() -> Jobs<Job>) -> Self {
        Background { name, jobs: PerProcess::new(jobs) }
    }

    fn submit(&'static self, job: Job, late: Option<Late<Job>>) -> io::Result<()> {
        let jobs = self.jobs.get();
        if jobs.add(job, late) {
            self.start(jobs)?;
        }
        Ok(())
    }

    fn start(&'static self, jobs: &'static Jobs<Job>) -> io::Result<()> {
        let started = thread::Builder::new().name(self.name.to_owned()).spawn(move || self.run(jobs));
        if let Err(error) = started {
            let lost = jobs.not_started();
            if !lost.is_empty() {
                drop(lost);
                return Err(error);
            }
        }
        Ok(())
    }

    fn run(&'static self, jobs: &'static Jobs<Job>) {
        IS_BACKGROUND.set(true);
        while let Some(Taken { id, mut job, start }) = jobs.next() {
            if start {
                if exit::is_exiting() {
                    drop(jobs.not_started());
                } else {
                    // Without one this thread does what it can.
                    let _ = self.start(jobs);
                }
            }
            if job.poll(|| Waker::from(Arc::new(WakeJob { jobs, id, generation: fork::generation() }))) {
                drop(job);
                drop(jobs.end(id));
                jobs.free();
            } else {
                let alarm = job.drive.next_alarm();
                jobs.put_back(id, job, alarm);
            }
        }
    }
}

struct WakeJob {
    jobs: &'static Jobs<Job>,
    id: u64,
    generation: u32,
}

impl Wake for WakeJob {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // In a forked child the job is not there, and its lock may be held for good.
        if self.generation == fork::generation() {
            self.jobs.wake(self.id);
        }
    }
}

/// Wakes `waker` once `at` has passed, unless the alarm is dropped before.
pub(crate) fn wake_at(at: Instant, waker: Waker) -> Alarm {
    let set = Arc::new(Mutex::new(Set { caller: Some(waker), job: None, dropped: false }));
    let for_job = RingOnDrop(Arc::clone(&set));
    // Without a thread the job is dropped, and rings: better at once than never.
    let _ = ALARMS.submit(Job::new(Drive::background(), move |drive| ring(drive, at, for_job)), None);
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
