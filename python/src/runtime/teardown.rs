//! How a runtime is requested to stop, waited for and forced.
//!
//! Its parts are a plan like that of an annotated struct; [`Owned`](crate::internal::resource::owned::Owned) runs it.

use std::sync::Arc;
use std::time::Duration;

use sundown::{Outcome, Progress, Tasks, Teardown, Wait};

use crate::internal::plan::{Spec, Step, StepSpec};
use crate::internal::teardown::by_ref::teardown_by_ref;
use crate::runtime::Runtime;
use crate::runtime::executor::Workers;

/// The graceful tasks need a runtime that runs until they have ended; the others are dropped at once, and what blocks a
/// thread has the whole budget.
pub(super) static SPEC: Spec = Spec {
    name: "Runtime",
    timeout: Duration::from_secs(5), // unless its builder has another
    is_timeout_written: false,
    on_drop: None,
    manual: false,
    steps: &[
        StepSpec { name: "Runtime.spawned", after: &[], timeout: None, judges: &[] },
        StepSpec { name: "Runtime.tasks", after: &[], timeout: None, judges: &[] },
        StepSpec { name: "Runtime.threads", after: &[1], timeout: None, judges: &[] },
    ],
};

pub(super) fn steps<'a>(spawned: &'a Tasks, tasks: &'a Tasks, workers: &'a Workers) -> Vec<Step<'a>> {
    vec![Step::owned(Box::new(Spawned(spawned))), Step::shared(tasks), Step::owned(Box::new(Threads(workers)))]
}

/// What `spawn` and the bridge have spawned.
struct Spawned<'a>(&'a Tasks);

impl Teardown for Spawned<'_> {
    fn request(&mut self, progress: &mut Progress) {
        // The report names the tasks that were aborted, and does not call them late. They are aborted before the group is
        // closed: an `Err` that one returns in between, because what it used was closed just now, would be its failure.
        self.0.force(progress);
        self.0.request(progress);
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move { Teardown::wait(&mut self.0, progress).await })
    }

    /// What was aborted at the request, and still runs, cannot be forced any further.
    fn force(&mut self, _progress: &mut Progress) {}
}

/// The tokio runtime itself, and its threads.
struct Threads<'a>(&'a Workers);

impl Teardown for Threads<'_> {
    fn request(&mut self, _progress: &mut Progress) {}

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        progress.bounds(&self.0.threads.owner);
        Box::pin(async move {
            let workers = self.0;
            workers.stopping.cancel();
            if workers.threads.is_current() {
                return Outcome::abandoned(
                    "the shutdown runs on this runtime itself: it is asked to stop, and cannot be waited for",
                );
            }
            let ended = workers.end();
            if workers.are_borrowed() {
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
        self.0.stop();
        progress.if_stuck(move || {
            Some(format!("{} of its threads still run, and a thread cannot be forced", threads.running()))
        });
    }
}

/// As [`Runtime::shutdown`], within its own budget and its owner's. In a forked child nothing is touched: the runtime is
/// the parent's.
impl Teardown for &Runtime {
    fn request(&mut self, progress: &mut Progress) {
        if let Some(runtime) = self.core() {
            Teardown::request(&mut &*runtime, progress);
        }
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            match self.core() {
                Some(runtime) => Teardown::wait(&mut &*runtime, progress).await,
                None => inherited(),
            }
        })
    }

    fn is_idle(&self) -> bool {
        self.core().is_some_and(|core| core.has_ended())
    }

    fn force(&mut self, progress: &mut Progress) {
        if let Some(runtime) = self.core() {
            Teardown::force(&mut &*runtime, progress);
        }
    }
}

/// What becomes of a runtime of the parent process.
pub(super) fn inherited() -> Outcome {
    Outcome::abandoned("it belongs to the parent process")
}

teardown_by_ref!([] Runtime);
