//! How the thread is asked, waited for and forced.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::{Core, RuntimeThread};
use crate::driver::FOREVER;
use crate::plan::{Spec, Step, StepSpec};
use crate::resource::owned::Service;
use crate::teardown::by_ref::teardown_by_ref;
use crate::teardown::{Outcome, Progress, Teardown, Wait, Watch};

pub(super) static SPEC: Spec = Spec {
    name: "RuntimeThread",
    timeout: FOREVER, // its owner's, or that of the call
    is_timeout_written: false,
    on_drop: None,
    manual: false,
    steps: &[StepSpec { name: "RuntimeThread.thread", after: &[], timeout: None, judges: &[] }],
};

impl Service for Core {
    const SPEC: &'static Spec = &SPEC;
    const TYPE: &'static str = "sundown::RuntimeThread";

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }

    fn timeout(&self) -> Option<Duration> {
        None
    }

    fn steps(&self) -> Vec<Step<'_>> {
        vec![Step::owned(Box::new(Own(self)))]
    }

    fn stop(&self) {
        self.thread.stop();
    }

    fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    fn owner(&self) -> Option<usize> {
        Some(self.thread.owner())
    }
}

struct Own<'a>(&'a Core);

impl Teardown for Own<'_> {
    fn request(&mut self, _progress: &mut Progress) {
        self.0.thread.stop();
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            let outcome = Teardown::wait(&mut &self.0.thread, progress).await;
            let worker = &self.0.worker;
            match worker.unhandled() {
                0 => {}
                _ if worker.ended_early() => {}
                1 => progress.detail("a message was not handled"),
                left => progress.detail(format!("{left} messages were not handled")),
            }
            outcome
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        self.0.worker.forced.cancel();
        let name = Arc::clone(&self.0.name);
        progress
            .if_stuck(move || Some(format!("the handler of thread `{name}` blocks, and a thread cannot be forced")));
    }
}

/// As [`RuntimeThread::shutdown`], within its owner's budget. In a forked child nothing is touched: the thread is the
/// parent's.
impl<M: Send + 'static> Teardown for &RuntimeThread<M> {
    fn request(&mut self, progress: &mut Progress) {
        if let Some(inner) = self.inner.get() {
            Teardown::request(&mut &*inner.core, progress);
        }
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            match self.inner.get() {
                Some(inner) => Teardown::wait(&mut &*inner.core, progress).await,
                None => Outcome::abandoned("it belongs to the parent process"),
            }
        })
    }

    fn watch<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a> {
        Box::pin(async move { Teardown::watch(&mut &self.inner.get()?.core.thread, progress).await })
    }

    fn force(&mut self, progress: &mut Progress) {
        if let Some(inner) = self.inner.get() {
            Teardown::force(&mut &*inner.core, progress);
        }
    }
}

teardown_by_ref!([M: Send + 'static] RuntimeThread<M>);
