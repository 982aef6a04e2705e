//! Threads for what runs in the background: each job is on its own.
//!
//! A job may run code of users: their polls, their drops, the subscribers of their events. So a thread goes into one
//! job at a time, and there is another thread outside, which waits for what the other jobs need next: a wake, an alarm,
//! the limit of a job that somebody is inside. In an idle process there is none.
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
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;

use crate::driver::{Driver, budget, catch};
use crate::host::exit;
use crate::host::fork::{self, PerProcess};
use crate::host::user_threads::Owner;
use crate::sync::quietly;
use jobs::{Jobs, Taken};

pub(crate) use jobs::Late;

/// Some threads and their jobs.
pub(crate) struct Background {
    name: &'static str,
    /// A forked child has no such thread, whatever its parent has.
    jobs: PerProcess<Jobs<Job>>,
}

/// What a thread polls until it ends.
pub(crate) struct Job {
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
    driver: Arc<Driver>,
    waker: Option<Waker>,
}

impl Job {
    pub(crate) fn new<F>(driver: Arc<Driver>, make: impl FnOnce(Arc<Driver>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let for_job = Arc::clone(&driver);
        let future = async move {
            // `make` is called on the thread too. A panic that got this far must not end the thread.
            if let Err(payload) = catch(async { make(for_job).await }).await {
                quietly(|| drop(payload));
            }
        };
        Job { future: Box::pin(future), driver, waker: None }
    }

    /// Whether it has ended.
    fn poll(&mut self, waker: impl FnOnce() -> Waker) -> bool {
        self.driver.ring();
        let waker = self.waker.get_or_insert_with(waker);
        let mut cx = Context::from_waker(waker);
        budget::own(|| self.future.as_mut().poll(&mut cx)).0.is_ready()
    }
}

thread_local! {
    static IS_BACKGROUND: Cell<bool> = const { Cell::new(false) };
}

/// Whether this is a thread of this module, which others depend on.
pub(crate) fn is_current() -> bool {
    IS_BACKGROUND.get()
}

impl Background {
    /// Threads called `name`, one of which is always outside of all jobs.
    pub(crate) const fn with_spare(name: &'static str) -> Self {
        Background { name, jobs: PerProcess::new(|| Jobs::new(true)) }
    }

    /// A single thread, for jobs that run no code of users.
    pub(crate) const fn single(name: &'static str) -> Self {
        Background { name, jobs: PerProcess::new(|| Jobs::new(false)) }
    }

    /// Adds a job.
    ///
    /// # Errors
    ///
    /// If no thread can be started: then the job is dropped, and what it owns with it.
    pub(crate) fn submit(&'static self, job: Job, late: Option<Late<Job>>) -> io::Result<()> {
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
        // A user's drops and steps run here.
        Owner::new().adopt_current();
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
                let alarm = job.driver.next_alarm();
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
