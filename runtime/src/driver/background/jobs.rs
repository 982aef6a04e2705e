//! The list of jobs that threads share: which is ready, when the others must be looked at, which threads are free.
//!
//! The invariants are those of [`super`]; the loom models below check 1 to 4.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use crate::sync::modelled::{Condvar, Mutex, MutexGuard, lock};

/// More threads than this do not wait for work.
const MOST_FREE: usize = 2;

/// A call that takes less than this is not late, whenever it began.
const PATIENCE: Duration = Duration::from_millis(100);

pub(super) struct Jobs<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
    /// Whether a thread that is inside a job leaves another one to wait.
    spares: bool,
}

struct State<J> {
    next_id: u64,
    jobs: BTreeMap<u64, Job<J>>,
    ready: VecDeque<u64>,
    /// When to look at a job that is not ready: for its alarm, or for its limit while a thread is inside it.
    due: BTreeSet<(Instant, u64)>,
    /// The threads, and those of them that are outside of a job; one that was started is free until it comes.
    threads: usize,
    free: usize,
    /// Until when the threads wait that do; `None` is for a notification alone.
    waiting: BTreeMap<u64, Option<Instant>>,
}

struct Job<J> {
    stage: Stage<J>,
    due: Option<Instant>,
    late: Option<Late<J>>,
}

enum Stage<J> {
    Idle(J),
    Ready(J),
    /// A thread is inside. Woken meanwhile, it is ready again afterwards.
    Running {
        woken: bool,
    },
}

/// What is to be done if a thread is still inside a job at `limit`.
pub(crate) struct Late<J> {
    pub(crate) limit: Instant,
    pub(crate) job: J,
}

/// A job for the calling thread.
pub(super) struct Taken<J> {
    pub(super) id: u64,
    pub(super) job: J,
    /// Start another thread before going into the job: this is the last that is free.
    pub(super) start: bool,
}

impl<J> Jobs<J> {
    pub(super) fn new(spares: bool) -> Self {
        let state = State {
            next_id: 0,
            jobs: BTreeMap::new(),
            ready: VecDeque::new(),
            due: BTreeSet::new(),
            threads: 0,
            free: 0,
            waiting: BTreeMap::new(),
        };
        Jobs { state: Mutex::new(state), changed: Condvar::new(), spares }
    }

    /// Adds a job, which is ready. True if the caller must start a thread.
    pub(super) fn add(&self, job: J, late: Option<Late<J>>) -> bool {
        let mut state = lock(&self.state);
        state.insert(job, late);
        let start = state.free == 0 && (self.spares || state.threads == 0);
        if start {
            state.started();
        }
        let notify = !start && !state.waiting.is_empty();
        drop(state);
        if notify {
            self.changed.notify_one();
        }
        start
    }

    /// A thread that was to be started was not. The jobs are the caller's if that leaves no thread at all.
    #[must_use = "they are dropped outside of the lock"]
    pub(super) fn not_started(&self) -> Vec<J> {
        let mut state = lock(&self.state);
        state.ended();
        if state.threads > 0 {
            return Vec::new();
        }
        state.ready.clear();
        state.due.clear();
        let jobs = std::mem::take(&mut state.jobs);
        drop(state);
        let of_job = |job: Job<J>| {
            let own = match job.stage {
                Stage::Idle(job) | Stage::Ready(job) => Some(job),
                Stage::Running { .. } => None,
            };
            own.into_iter().chain(job.late.map(|late| late.job))
        };
        jobs.into_values().flat_map(of_job).collect()
    }

    /// The next job for a thread that is free, which waits for one here. `None` if the thread must end.
    pub(super) fn next(&self) -> Option<Taken<J>> {
        let mut state = lock(&self.state);
        loop {
            if !state.due.is_empty() {
                state.look(Instant::now());
            }
            if let Some(taken) = state.take(self.spares) {
                let notify = state.has_more_for_others();
                drop(state);
                if notify {
                    self.changed.notify_one();
                }
                return Some(taken);
            }
            if state.jobs.is_empty() || state.free > MOST_FREE {
                state.ended();
                let last = state.jobs.is_empty() && !state.waiting.is_empty();
                // This thread may be the only one that knows of an alarm: that of the job that it has just put back.
                // Those that wait began to do so before, and must look again.
                let others = state.has_more_for_others();
                drop(state);
                if last {
                    self.changed.notify_all();
                } else if others {
                    self.changed.notify_one();
                }
                return None;
            }
            state = self.wait(state);
        }
    }

    fn wait<'a>(&'a self, mut state: MutexGuard<'a, State<J>>) -> MutexGuard<'a, State<J>> {
        let until = state.due.first().map(|(at, _)| *at);
        let id = state.id();
        state.waiting.insert(id, until);
        let mut state = match until {
            None => self.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner),
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                self.changed.wait_timeout(state, left).unwrap_or_else(std::sync::PoisonError::into_inner).0
            }
        };
        state.waiting.remove(&id);
        state
    }

    /// The thread is out of a job that has not ended; it is free again. The job is looked at when it is woken, and at
    /// `alarm`.
    pub(super) fn put_back(&self, id: u64, job: J, alarm: Option<Instant>) {
        let mut state = lock(&self.state);
        state.free += 1;
        state.is_due(id, alarm);
        let Some(entry) = state.jobs.get_mut(&id) else { return };
        if let Stage::Running { woken: true } = entry.stage {
            entry.stage = Stage::Ready(job);
            state.ready.push_back(id);
        } else {
            entry.stage = Stage::Idle(job);
        }
    }

    /// The job has ended. What is left is for the caller to drop, before it calls [`free`](Self::free).
    #[must_use = "it is dropped outside of the lock"]
    pub(super) fn end(&self, id: u64) -> Option<J> {
        let mut state = lock(&self.state);
        state.is_due(id, None);
        let job = state.jobs.remove(&id)?;
        job.late.map(|late| late.job)
    }

    /// The thread is out of a job that has ended.
    pub(super) fn free(&self) {
        lock(&self.state).free += 1;
    }

    /// The job may have something to do.
    pub(super) fn wake(&self, id: u64) {
        let mut state = lock(&self.state);
        if state.wake(id) && !state.waiting.is_empty() {
            drop(state);
            self.changed.notify_one();
        }
    }
}

impl<J> State<J> {
    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn started(&mut self) {
        self.threads += 1;
        self.free += 1;
    }

    fn ended(&mut self) {
        self.threads -= 1;
        self.free -= 1;
    }

    fn insert(&mut self, job: J, late: Option<Late<J>>) {
        let id = self.id();
        self.jobs.insert(id, Job { stage: Stage::Ready(job), due: None, late });
        self.ready.push_back(id);
    }

    /// Whether it is ready because of this.
    fn wake(&mut self, id: u64) -> bool {
        let Some(job) = self.jobs.get_mut(&id) else { return false };
        match std::mem::replace(&mut job.stage, Stage::Running { woken: true }) {
            Stage::Idle(own) => {
                job.stage = Stage::Ready(own);
                self.ready.push_back(id);
                true
            }
            Stage::Ready(own) => {
                job.stage = Stage::Ready(own);
                false
            }
            Stage::Running { .. } => false,
        }
    }

    /// Sets when to look at a job.
    fn is_due(&mut self, id: u64, at: Option<Instant>) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        if let Some(before) = std::mem::replace(&mut job.due, at) {
            self.due.remove(&(before, id));
        }
        self.due.extend(at.map(|at| (at, id)));
    }

    /// Looks at what is due.
    fn look(&mut self, now: Instant) {
        while let Some((_, id)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.is_due(id, None);
            let late = self.jobs.get_mut(&id).and_then(|job| match job.stage {
                Stage::Running { .. } => job.late.take(),
                _ => None,
            });
            match late {
                Some(late) => self.insert(late.job, None),
                None => drop(self.wake(id)),
            }
        }
    }

    fn take(&mut self, spares: bool) -> Option<Taken<J>> {
        let id = self.ready.pop_front()?;
        let entry = self.jobs.get_mut(&id)?;
        let Stage::Ready(job) = std::mem::replace(&mut entry.stage, Stage::Running { woken: false }) else {
            unreachable!("what is in the list is ready")
        };
        let limit = entry.late.as_ref().map(|late| late.limit.max(Instant::now() + PATIENCE));
        self.is_due(id, limit);
        self.free -= 1;
        let start = spares && self.free == 0;
        if start {
            self.started();
        }
        Some(Taken { id, job, start })
    }

    /// Whether somebody who waits has something to do, or must wait for less long.
    fn has_more_for_others(&self) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        let Some((at, _)) = self.due.first() else { return !self.ready.is_empty() };
        !self.ready.is_empty() || !self.waiting.values().any(|until| until.is_some_and(|until| until <= *at))
    }
}

#[cfg(all(test, sundown_loom))]
mod models {
    use loom::sync::Arc;
    use loom::sync::{Condvar, Mutex};
    use loom::thread;

    use super::*;

    /// What the threads and the test share.
    struct World {
        jobs: Jobs<Kind>,
        /// What some jobs wait for: inside, or to be woken.
        open: Mutex<bool>,
        opened: Condvar,
    }

    enum Kind {
        /// Wakes itself while it runs, and ends at the next poll.
        WakesItself(bool),
        /// Ends at the first poll that finds it open; who opens it wakes it.
        Waits,
        /// Is inside until it is open.
        Stuck,
        /// Opens it.
        Opens,
    }

    fn world() -> Arc<World> {
        Arc::new(World { jobs: Jobs::new(true), open: Mutex::new(false), opened: Condvar::new() })
    }

    fn start(world: &Arc<World>) {
        let world = Arc::clone(world);
        thread::spawn(move || run(&world));
    }

    fn submit(world: &Arc<World>, kind: Kind) {
        if world.jobs.add(kind, None) {
            start(world);
        }
    }

    fn open(world: &World) {
        *lock(&world.open) = true;
        world.opened.notify_all();
    }

    fn run(world: &Arc<World>) {
        while let Some(Taken { id, job, start: spare }) = world.jobs.next() {
            if spare {
                start(world);
            }
            match job {
                Kind::WakesItself(false) => {
                    world.jobs.wake(id);
                    world.jobs.put_back(id, Kind::WakesItself(true), None);
                    continue;
                }
                Kind::WakesItself(true) => {}
                Kind::Waits => {
                    let is_open = *lock(&world.open);
                    if !is_open {
                        world.jobs.put_back(id, Kind::Waits, None);
                        continue;
                    }
                }
                Kind::Stuck => {
                    let mut open = lock(&world.open);
                    while !*open {
                        open = world.opened.wait(open).unwrap();
                    }
                }
                Kind::Opens => open(world),
            }
            assert!(world.jobs.end(id).is_none());
            world.jobs.free();
        }
    }

    /// Few preemptions find what there is, in a time that can be waited for: the threads start threads.
    fn model(test: impl Fn() + Sync + Send + 'static) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(2);
        builder.check(test);
    }

    #[test]
    fn a_job_that_is_stuck_holds_up_no_other() {
        model(|| {
            let world = world();
            submit(&world, Kind::Stuck);
            // loom fails the model if this one waits for the other: all threads would be blocked.
            submit(&world, Kind::Opens);
        });
    }

    // In these the threads end, or loom finds them blocked.

    #[test]
    fn a_wake_in_a_poll_is_not_lost() {
        model(|| {
            let world = world();
            submit(&world, Kind::WakesItself(false));
        });
    }

    #[test]
    fn a_wake_from_elsewhere_is_not_lost() {
        model(|| {
            let world = world();
            submit(&world, Kind::Waits);
            open(&world);
            world.jobs.wake(1); // the first id
        });
    }

    #[test]
    fn a_job_that_comes_while_the_threads_end_is_not_lost() {
        model(|| {
            let world = world();
            submit(&world, Kind::Opens);
            submit(&world, Kind::Opens);
        });
    }

    #[test]
    fn where_no_thread_can_be_started_the_jobs_come_back() {
        loom::model(|| {
            let jobs = Jobs::new(true);
            assert!(jobs.add(1, None));
            assert_eq!(jobs.not_started(), [1]);
            assert!(jobs.add(2, None), "the next one tries again");
            let taken = jobs.next().unwrap();
            assert!(taken.start && taken.job == 2);
            assert!(jobs.not_started().is_empty(), "one runs, without a spare");
            assert!(jobs.end(taken.id).is_none());
            jobs.free();
            assert!(jobs.next().is_none());
        });
    }
}
