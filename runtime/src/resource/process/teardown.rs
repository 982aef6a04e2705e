//! How a [`Process`] is torn down, supervised and listed.

use std::panic::Location;
use std::sync::Arc;
use std::time::Instant;

use super::Process;
use super::child::Inner;
use super::end::Unwatched;
use super::output::Output;
use crate::driver::Driver;
use crate::sync::lock;
use crate::teardown::by_ref::teardown_by_ref;
use crate::teardown::{Ended, Failure, Outcome, Progress, Teardown, Wait, Watch};
use crate::value::Phase;
use crate::value::nodes::Node;

impl Teardown for &Process {
    fn request(&mut self, progress: &mut Progress) {
        progress.is_abortable = true;
        if let Err(error) = self.inner.request() {
            progress.fail(error);
        }
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            let _named = progress.waits_for(|| {
                let text =
                    format!("child `{}`, process {} ({})", self.name(), self.inner.group.id(), self.inner.location);
                move || Some(text.clone())
            });
            match self.inner.ended(progress).await {
                Ok(status) => {
                    progress.detail(status.to_string());
                    if let Some(line) = self.inner.output.get().and_then(|output| output.peek(Output::last_line)?) {
                        progress.detail(format!("standard error: {line:?}"));
                    }
                    if let Some(outside) = self.inner.group.outside() {
                        progress.detail(format!("outside its group: {outside}"));
                    }
                    Outcome::Stopped
                }
                Err(Unwatched::Panicked(outcome)) => outcome,
                Err(Unwatched::Failed(error)) => {
                    // Nobody can tell when it ends, so it does not get the time to: the kill of a group needs no descriptor.
                    let killed = match self.inner.kill() {
                        Ok(()) => "killed, because it cannot be watched".to_owned(),
                        Err(error) => format!("not wholly killed ({error}); it cannot be watched"),
                    };
                    Outcome::abandoned(format!("{killed}: {error}"))
                }
            }
        })
    }

    /// A child that nobody has asked to end, and that ends with another status than success, has failed. One that cannot
    /// be watched runs on.
    fn watch<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a> {
        Box::pin(async move {
            // A driver is what says that this runs in the runtime that is around.
            progress.driver.get_or_insert_with(Driver::asynchronous);
            match self.inner.ended(progress).await {
                Ok(status) => {
                    progress.detail(status.to_string());
                    Some(Ended::whole(match status.success() {
                        true => Outcome::Stopped,
                        false => Outcome::Failed(Failure::new(format!("child `{}`: {status}", self.name()))),
                    }))
                }
                Err(unwatched) => {
                    progress.unwatched(&match unwatched {
                        Unwatched::Panicked(outcome) => outcome.to_string(),
                        Unwatched::Failed(error) => error.to_string(),
                    });
                    None
                }
            }
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        if let Some(names) = self.inner.group.names() {
            progress.detail(format!("killed {names}"));
        }
        if let Err(error) = self.inner.kill() {
            progress.fail(error);
        }
        let group = self.inner.group.clone();
        progress.if_stuck(move || group.names().map(|names| format!("still there after the kill: {names}")));
    }
}

teardown_by_ref!([] Process);

impl Node for Inner {
    fn name(&self) -> String {
        format!("Process `{}` ({})", self.name, self.group.id())
    }

    fn location(&self) -> &'static Location<'static> {
        self.location
    }

    fn created(&self) -> Instant {
        self.created
    }

    fn phase(&self) -> Phase {
        let child = lock(&self.child);
        match (child.requested, child.status) {
            (_, Some(_)) => Phase::Finished,
            (true, None) => Phase::Stopping,
            (false, None) => Phase::Live,
        }
    }

    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
        let reaped = lock(&self.child).status.is_some();
        (!reaped).then(|| Box::new(Process { inner: self }) as Box<dyn Teardown + Send>)
    }

    fn child(&self) -> Option<u32> {
        lock(&self.child).status.is_none().then_some(self.group.id())
    }

    #[cfg(feature = "run")]
    fn kill(&self) -> bool {
        let _ = Inner::kill(self); // nobody is left to hear of an error
        true
    }
}
