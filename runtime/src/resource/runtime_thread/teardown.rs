//! How the thread is asked, waited for and forced; the books are those of a guard, so that all who shut it down get one
//! report.

use std::sync::Arc;
use std::time::Duration;

use super::{Core, RuntimeThread};
use crate::driver::{Drive, FOREVER};
use crate::plan::{Spec, Step, StepSpec};
use crate::teardown::by_ref::teardown_by_ref;
use crate::teardown::{Memo, Outcome, Report, ShutdownError, Teardown, Wait};
use crate::value::run::{guarded_force, guarded_request, guarded_wait, teardown};

pub(super) static SPEC: Spec = Spec {
    name: "RuntimeThread",
    timeout: FOREVER, // its owner's, or that of the call
    on_drop: None,
    manual: false,
    steps: &[StepSpec { name: "RuntimeThread.thread", after: &[], timeout: None }],
};

fn steps(core: &Core) -> Vec<Step<'_>> {
    vec![Step::owned(Box::new(Own(core)))]
}

/// A whole teardown of it, whose alarms are `drive`'s.
pub(super) async fn run(core: &Core, timeout: Duration, drive: &Arc<Drive>) -> Result<Report, ShutdownError> {
    teardown(&core.entry, steps(core), Some(timeout), drive).await
}

struct Own<'a>(&'a Core);

impl Teardown for Own<'_> {
    fn request(&mut self, _memo: &mut Memo) {
        self.0.thread.stop();
    }

    fn wait<'a>(&'a mut self, memo: &'a mut Memo) -> Wait<'a> {
        Box::pin(async move {
            let outcome = Teardown::wait(&mut &self.0.thread, memo).await;
            let worker = &self.0.worker;
            match worker.unhandled() {
                0 => {}
                _ if worker.ended_early() => {}
                1 => memo.detail("a message was not handled"),
                left => memo.detail(format!("{left} messages were not handled")),
            }
            outcome
        })
    }

    fn force(&mut self, memo: &mut Memo) {
        self.0.worker.forced.cancel();
        let name = Arc::clone(&self.0.name);
        memo.if_stuck(move || Some(format!("the handler of thread `{name}` blocks, and a thread cannot be forced")));
    }
}

/// As [`RuntimeThread::shutdown`], within its owner's budget. In a forked child nothing is touched: the thread is the
/// parent's.
impl<M: Send + 'static> Teardown for &RuntimeThread<M> {
    fn request(&mut self, memo: &mut Memo) {
        if let Some(inner) = self.inner.get() {
            guarded_request(&inner.core.entry, steps(&inner.core), memo);
        }
    }

    fn wait<'a>(&'a mut self, memo: &'a mut Memo) -> Wait<'a> {
        match self.inner.get() {
            Some(inner) => guarded_wait(Arc::clone(&inner.core.entry), steps(&inner.core), memo),
            None => Box::pin(async { Outcome::abandoned("it belongs to the parent process") }),
        }
    }

    fn force(&mut self, memo: &mut Memo) {
        if let Some(inner) = self.inner.get() {
            guarded_force(&inner.core.entry, steps(&inner.core), memo);
        }
    }
}

teardown_by_ref!([M: Send + 'static] RuntimeThread<M>);
