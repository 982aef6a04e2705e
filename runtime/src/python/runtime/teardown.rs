//! How a runtime is asked, waited for and forced.
//!
//! Its parts are a plan like that of an annotated struct; [`Owned`](crate::resource::owned::Owned) runs it.

use std::sync::Arc;

use crate::driver::FOREVER;
use crate::plan::{Spec, Step, StepSpec};
use crate::python::runtime::Runtime;
use crate::python::runtime::core::{Executor, RuntimeCore};
use crate::resource::Tasks;
use crate::sync::lock;
use crate::teardown::by_ref::teardown_by_ref;
use crate::teardown::{Outcome, Progress, Teardown, Wait};

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

pub(super) fn steps(runtime: &RuntimeCore) -> Vec<Step<'_>> {
    vec![
        Step::owned(Box::new(Spawned(&runtime.spawned))),
        Step::shared(&runtime.tasks),
        Step::owned(Box::new(Threads(runtime))),
    ]
}

/// What `spawn` and the bridge have spawned.
struct Spawned<'a>(&'a Tasks);

impl Teardown for Spawned<'_> {
    fn request(&mut self, progress: &mut Progress) {
        self.0.request(progress);
        // It goes into the report who was aborted, and that is not for being late.
        self.0.force(progress);
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move { Teardown::wait(&mut self.0, progress).await })
    }

    /// What was aborted when it was asked, and still runs, cannot be forced any further.
    fn force(&mut self, _progress: &mut Progress) {}
}

/// The tokio runtime itself, and its threads.
struct Threads<'a>(&'a RuntimeCore);

impl Teardown for Threads<'_> {
    fn request(&mut self, _progress: &mut Progress) {}

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        progress.bounds(&self.0.threads.owner);
        Box::pin(async move {
            let runtime = self.0;
            runtime.stopping.cancel();
            if runtime.threads.is_current() {
                return Outcome::abandoned(
                    "the shutdown runs on this runtime itself: it is asked to stop, and cannot be waited for",
                );
            }
            let (ended, borrowed) = {
                let mut executor = lock(&runtime.executor);
                (executor.end(&runtime.settings), matches!(*executor, Executor::Borrowed))
            };
            if borrowed {
                progress.detail("somebody else's runtime: only our tasks were stopped");
            }
            match ended {
                Ok(Some(thread)) => Teardown::wait(&mut &thread, progress).await,
                Ok(None) => Outcome::Stopped,
                Err(error) => {
                    Outcome::abandoned(format!("it was asked to stop, and there is no thread to wait with: {error}"))
                }
            }
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        let threads = Arc::clone(&self.0.threads);
        self.0.stopping.cancel();
        lock(&self.0.executor).stop();
        progress.if_stuck(move || {
            Some(format!("{} of its threads still run, and a thread cannot be forced", threads.running()))
        });
    }
}

/// As [`Runtime::shutdown`], within its own budget and its owner's. In a forked child nothing is touched: the runtime is
/// the parent's.
impl Teardown for &Runtime {
    fn request(&mut self, progress: &mut Progress) {
        if let Some(runtime) = self.engine() {
            Teardown::request(&mut &*runtime, progress);
        }
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            match self.engine() {
                Some(runtime) => Teardown::wait(&mut &*runtime, progress).await,
                None => inherited(),
            }
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        if let Some(runtime) = self.engine() {
            Teardown::force(&mut &*runtime, progress);
        }
    }
}

/// What becomes of a runtime of the parent process.
pub(super) fn inherited() -> Outcome {
    Outcome::abandoned("it belongs to the parent process")
}

teardown_by_ref!([] Runtime);
