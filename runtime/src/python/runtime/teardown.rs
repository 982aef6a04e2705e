//! How a runtime is asked, waited for and forced.
//!
//! Its parts are a plan like that of an annotated struct, and its books an [`Entry`](crate::value::entry::Entry) like a guard's:
//! so whoever shuts it down, its owner, the exit or the reaper, goes on where the last one stopped, and all get one report.

use std::sync::Arc;
use std::time::Duration;

use super::Runtime;
use super::engine::{Core, Engine};
use crate::driver::{Drive, FOREVER};
use crate::plan::{Spec, Step, StepSpec};
use crate::resource::Tasks;
use crate::sync::lock;
use crate::teardown::by_ref::teardown_by_ref;
use crate::teardown::{Memo, Outcome, Report, ShutdownError, Teardown, Wait};
use crate::value::run::{guarded_force, guarded_request, guarded_wait, teardown};

/// The graceful tasks need a runtime that runs until they have ended; the others are dropped at once, and what blocks a
/// thread has the whole budget.
pub(super) static SPEC: Spec = Spec {
    name: "Runtime",
    timeout: FOREVER, // each has a budget of its own
    on_drop: None,
    manual: false,
    steps: &[
        StepSpec { name: "Runtime.spawned", after: &[], timeout: None },
        StepSpec { name: "Runtime.tasks", after: &[], timeout: None },
        StepSpec { name: "Runtime.threads", after: &[1], timeout: None },
    ],
};

pub(super) fn steps(engine: &Engine) -> Vec<Step<'_>> {
    vec![
        Step::owned(Box::new(Spawned(&engine.spawned))),
        Step::shared(&engine.tasks),
        Step::owned(Box::new(Threads(engine))),
    ]
}

/// A whole teardown of it, whose alarms are `drive`'s.
pub(super) async fn run(engine: &Engine, timeout: Duration, drive: &Arc<Drive>) -> Result<Report, ShutdownError> {
    let result = teardown(&engine.entry, steps(engine), Some(timeout), drive).await;
    tell_if_own(engine);
    result
}

/// A shutdown on a thread of the runtime itself tells it to stop when all is said: it is one of the tasks that this drops.
fn tell_if_own(engine: &Engine) {
    if engine.threads.is_current() {
        lock(&engine.core).tell();
    }
}

/// What `spawn` and the bridge have spawned.
struct Spawned<'a>(&'a Tasks);

impl Teardown for Spawned<'_> {
    fn request(&mut self, memo: &mut Memo) {
        self.0.request(memo);
        // It goes into the report who was aborted, and that is not for being late.
        self.0.force(memo);
    }

    fn wait<'a>(&'a mut self, memo: &'a mut Memo) -> Wait<'a> {
        Box::pin(async move { Teardown::wait(&mut self.0, memo).await })
    }

    /// What was aborted when it was asked, and still runs, cannot be forced any further.
    fn force(&mut self, _memo: &mut Memo) {}
}

/// The tokio runtime itself, and its threads.
struct Threads<'a>(&'a Engine);

impl Teardown for Threads<'_> {
    fn request(&mut self, _memo: &mut Memo) {}

    fn wait<'a>(&'a mut self, memo: &'a mut Memo) -> Wait<'a> {
        memo.bounds(&self.0.threads.owner);
        Box::pin(async move {
            let engine = self.0;
            engine.stopping.cancel();
            if engine.threads.is_current() {
                return Outcome::abandoned(
                    "the shutdown runs on this runtime itself: it is told to stop, and cannot be waited for",
                );
            }
            let (ended, borrowed) = {
                let mut core = lock(&engine.core);
                (core.end(&engine.settings), matches!(*core, Core::Borrowed))
            };
            if borrowed {
                memo.detail("somebody else's runtime: only our tasks were stopped");
            }
            match ended {
                Ok(Some(thread)) => Teardown::wait(&mut &thread, memo).await,
                Ok(None) => Outcome::Stopped,
                Err(error) => {
                    Outcome::abandoned(format!("it was told to stop, and there is no thread to wait with: {error}"))
                }
            }
        })
    }

    fn force(&mut self, memo: &mut Memo) {
        let threads = Arc::clone(&self.0.threads);
        self.0.stopping.cancel();
        lock(&self.0.core).tell();
        memo.if_stuck(move || {
            Some(format!("{} of its threads still run, and a thread cannot be forced", threads.running()))
        });
    }
}

/// The last part of the budget is the runtime's own, if that is less than its owner's.
fn bound(engine: &Engine, memo: &mut Memo) {
    if let Some(drive) = &memo.drive {
        let own = drive.after(engine.settings.timeout);
        memo.deadline = Some(memo.deadline.map_or(own, |deadline| deadline.min(own)));
    }
}

impl Teardown for &Engine {
    fn request(&mut self, memo: &mut Memo) {
        guarded_request(&self.entry, steps(self), memo);
    }

    fn wait<'a>(&'a mut self, memo: &'a mut Memo) -> Wait<'a> {
        bound(self, memo);
        let engine: &'a Engine = self;
        Box::pin(async move {
            let outcome = guarded_wait(Arc::clone(&engine.entry), steps(engine), memo).await;
            tell_if_own(engine);
            outcome
        })
    }

    fn force(&mut self, memo: &mut Memo) {
        guarded_force(&self.entry, steps(self), memo);
    }
}

/// As [`Runtime::shutdown`], within its own budget and its owner's. In a forked child nothing is touched: the runtime is
/// the parent's.
impl Teardown for &Runtime {
    fn request(&mut self, memo: &mut Memo) {
        if let Some(engine) = self.engine() {
            Teardown::request(&mut &*engine, memo);
        }
    }

    fn wait<'a>(&'a mut self, memo: &'a mut Memo) -> Wait<'a> {
        Box::pin(async move {
            match self.engine() {
                Some(engine) => Teardown::wait(&mut &*engine, memo).await,
                None => inherited(),
            }
        })
    }

    fn force(&mut self, memo: &mut Memo) {
        if let Some(engine) = self.engine() {
            Teardown::force(&mut &*engine, memo);
        }
    }
}

/// What becomes of a runtime of the parent process.
pub(super) fn inherited() -> Outcome {
    Outcome::abandoned("it belongs to the parent process")
}

teardown_by_ref!([] Runtime);
