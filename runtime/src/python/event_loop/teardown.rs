//! How an event loop is asked, waited for and forced: as [a runtime](super::super::Runtime) is, by a plan.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use crate::driver::{Driver, FOREVER};
use crate::plan::{Spec, Step, StepSpec};
use crate::python::event_loop::EventLoop;
use crate::python::event_loop::core::{LoopCore, Told};
use crate::python::event_loop::stop_queue;
use crate::sync::latch::Latch;
use crate::teardown::by_ref::teardown_by_ref;
use crate::teardown::{Outcome, Progress, Teardown, Wait};

/// Tasks may need the executor, so that it ends after them.
pub(super) static SPEC: Spec = Spec {
    name: "EventLoop",
    timeout: FOREVER, // each has a budget of its own
    on_drop: None,
    manual: false,
    steps: &[
        StepSpec { name: "EventLoop.tasks", after: &[], timeout: None },
        StepSpec { name: "EventLoop.thread", after: &[0], timeout: None },
    ],
};

pub(super) fn steps(event_loop: &LoopCore) -> Vec<Step<'_>> {
    vec![Step::owned(Box::new(Tasks(event_loop))), Step::owned(Box::new(Thread(event_loop)))]
}

/// Waits for the loop, unless it is the loop's thread that would wait.
async fn ended(event_loop: &LoopCore, latch: &Latch, driver: Option<&Driver>) -> Result<(), Outcome> {
    let blocks_it = match (driver, event_loop.desk.thread()) {
        (Some(driver), Some(thread)) => driver.blocks_thread(thread),
        _ => false,
    };
    let mut end = pin!(latch.wait());
    poll_fn(|cx| {
        // Asked in each poll: an executor may move this onto the very thread later on.
        if (blocks_it || event_loop.desk.is_current()) && !latch.is_set() {
            let why = "the shutdown runs on this loop itself: it is told to stop, and cannot be waited for";
            return Poll::Ready(Err(Outcome::abandoned(why)));
        }
        end.as_mut().poll(cx).map(Ok)
    })
    .await
}

/// What the loop has noted becomes part of the report.
fn noted(event_loop: &LoopCore, progress: &mut Progress) -> Outcome {
    let (details, abandoned) = event_loop.desk.take_notes();
    details.into_iter().for_each(|detail| progress.detail(detail));
    match abandoned.is_empty() {
        true => Outcome::Stopped,
        false => Outcome::abandoned(abandoned.join("; ")),
    }
}

/// The tasks of the loop, and its asynchronous generators.
struct Tasks<'a>(&'a LoopCore);

impl Teardown for Tasks<'_> {
    fn request(&mut self, _progress: &mut Progress) {
        self.0.end_in_turn();
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        progress.bounds(&self.0.owner);
        Box::pin(async move {
            match &progress.driver {
                Some(driver) => stop_queue::wait(&self.0.desk, &self.0.runner, driver).await,
                None => stop_queue::jump(&self.0.desk, &self.0.runner),
            }
            match ended(self.0, &self.0.desk.drained, progress.driver.as_deref()).await {
                Ok(()) => noted(self.0, progress),
                Err(outcome) => outcome,
            }
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        stop_queue::jump(&self.0.desk, &self.0.runner);
        self.0.tell(Told::ForceTasks);
        let desk = Arc::clone(&self.0.desk);
        progress.if_stuck(move || Some(desk.stuck()));
    }
}

/// The loop's executor, the loop, and its thread.
struct Thread<'a>(&'a LoopCore);

impl Teardown for Thread<'_> {
    fn request(&mut self, _progress: &mut Progress) {}

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        progress.bounds(&self.0.owner);
        Box::pin(async move {
            let desk = &self.0.desk;
            for latch in [&desk.closed, &desk.gone] {
                if let Err(outcome) = ended(self.0, latch, progress.driver.as_deref()).await {
                    return outcome;
                }
            }
            noted(self.0, progress)
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        self.0.tell(Told::ForceAll);
        let desk = Arc::clone(&self.0.desk);
        progress.if_stuck(move || Some(desk.stuck()));
    }
}

/// As [`EventLoop::shutdown`], within its own budget and its owner's. In a forked child nothing is touched: the loop is the
/// parent's.
impl Teardown for &EventLoop {
    fn request(&mut self, progress: &mut Progress) {
        if let Some(engine) = self.engine() {
            Teardown::request(&mut &**engine, progress);
        }
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            match self.engine() {
                Some(engine) => Teardown::wait(&mut &**engine, progress).await,
                None => inherited(),
            }
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        if let Some(engine) = self.engine() {
            Teardown::force(&mut &**engine, progress);
        }
    }
}

/// What becomes of a loop of the parent process.
pub(super) fn inherited() -> Outcome {
    Outcome::abandoned("it belongs to the parent process")
}

teardown_by_ref!([] EventLoop);
