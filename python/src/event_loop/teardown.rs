//! How an event loop is requested to stop, waited for and forced: as [a runtime](super::super::Runtime) is, by a plan.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use sundown::{Outcome, Progress, Teardown, Wait};

use crate::event_loop::EventLoop;
use crate::event_loop::command::Command;
use crate::event_loop::control::LoopControl;
use crate::event_loop::stop_queue;
use crate::internal::driver::Driver;
use crate::internal::plan::{Spec, Step, StepSpec};
use crate::internal::sync::latch::Latch;
use crate::internal::teardown::by_ref::teardown_by_ref;

/// Tasks may need the executor, so that it ends after them.
pub(super) static SPEC: Spec = Spec {
    name: "EventLoop",
    timeout: Duration::from_secs(5), // unless its builder has another
    is_timeout_written: false,
    on_drop: None,
    manual: false,
    steps: &[
        StepSpec { name: "EventLoop.tasks", after: &[], timeout: None, judges: &[] },
        StepSpec { name: "EventLoop.thread", after: &[0], timeout: None, judges: &[] },
    ],
};

pub(super) fn steps(event_loop: &Arc<LoopControl>) -> Vec<Step<'_>> {
    vec![Step::owned(Box::new(Tasks(event_loop))), Step::owned(Box::new(Thread(event_loop)))]
}

/// Waits for the loop, unless it is the loop's thread that would wait.
async fn ended(event_loop: &LoopControl, latch: &Latch, driver: Option<&Driver>) -> Result<(), Outcome> {
    let blocks_it = match (driver, event_loop.state.thread()) {
        (Some(driver), Some(thread)) => driver.blocks_thread(thread),
        _ => false,
    };
    let mut end = pin!(latch.wait());
    poll_fn(|cx| {
        // Asked in each poll: an executor may move this onto the very thread later on.
        if (blocks_it || event_loop.state.is_current()) && !latch.is_set() {
            let why = "the shutdown runs on this loop itself: it stops, and cannot be waited for";
            return Poll::Ready(Err(Outcome::abandoned(why)));
        }
        end.as_mut().poll(cx).map(Ok)
    })
    .await
}

/// What the loop has recorded becomes part of the report.
fn recorded(event_loop: &LoopControl, progress: &mut Progress) -> Outcome {
    let (details, abandoned) = event_loop.state.take_recorded();
    details.into_iter().for_each(|detail| progress.detail(detail));
    match abandoned.is_empty() {
        true => Outcome::Stopped,
        false => Outcome::abandoned(abandoned.join("; ")),
    }
}

/// The tasks of the loop, and its asynchronous generators.
struct Tasks<'a>(&'a Arc<LoopControl>);

impl Teardown for Tasks<'_> {
    fn request(&mut self, _progress: &mut Progress) {
        self.0.stop_in_turn();
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        progress.bounds(&self.0.owner);
        Box::pin(async move {
            match &progress.driver {
                Some(driver) => stop_queue::wait(&**self.0, driver).await,
                None => stop_queue::jump(&**self.0),
            }
            match ended(self.0, &self.0.state.drained, progress.driver.as_deref()).await {
                Ok(()) => recorded(self.0, progress),
                Err(outcome) => outcome,
            }
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        stop_queue::jump(&**self.0);
        self.0.send(Command::ForceTasks);
        let state = Arc::clone(&self.0.state);
        progress.if_stuck(move || Some(state.stuck()));
    }
}

/// The loop's executor, the loop, and its thread.
struct Thread<'a>(&'a LoopControl);

impl Teardown for Thread<'_> {
    fn request(&mut self, _progress: &mut Progress) {}

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        progress.bounds(&self.0.owner);
        Box::pin(async move {
            let state = &self.0.state;
            for latch in [&state.closed, &state.gone] {
                if let Err(outcome) = ended(self.0, latch, progress.driver.as_deref()).await {
                    return outcome;
                }
            }
            recorded(self.0, progress)
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        self.0.send(Command::ForceAll);
        let state = Arc::clone(&self.0.state);
        progress.if_stuck(move || Some(state.stuck()));
    }
}

/// As [`EventLoop::shutdown`], within its own budget and its owner's. In a forked child nothing is touched: the loop is the
/// parent's.
impl Teardown for &EventLoop {
    fn request(&mut self, progress: &mut Progress) {
        if let Some(core) = self.core() {
            Teardown::request(&mut &**core, progress);
        }
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            match self.core() {
                Some(core) => Teardown::wait(&mut &**core, progress).await,
                None => inherited(),
            }
        })
    }

    fn is_idle(&self) -> bool {
        self.core().is_some_and(|core| core.has_ended())
    }

    fn force(&mut self, progress: &mut Progress) {
        if let Some(core) = self.core() {
            Teardown::force(&mut &**core, progress);
        }
    }
}

/// What becomes of a loop of the parent process.
pub(super) fn inherited() -> Outcome {
    Outcome::abandoned("it belongs to the parent process")
}

teardown_by_ref!([] EventLoop);
