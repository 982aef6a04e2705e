//! The end of a child and its group: it is waited for, and meanwhile what nobody reads of the output is read.

use std::io;
use std::pin::pin;
use std::process::ExitStatus;
use std::sync::{Arc, Weak};

use futures_util::future::{Either, select};
use process_wrap::tokio::ChildWrapper;
use tokio::runtime::{self, Handle};

use super::child::Inner;
use super::group::Group;
use super::output::Output;
use crate::resource::joiner::Joiner;
use crate::sync::lock;
use crate::sync::slot::Slot;
use crate::teardown::{Outcome, Progress};

impl Inner {
    /// Whether there is output that nobody has taken, of a child that was requested to stop.
    fn has_unread(&self, output: &mut Output) -> bool {
        let mut child = lock(&self.child);
        if child.requested
            && let Some(wrapper) = &mut child.wrapper
        {
            output.take(&mut **wrapper);
        }
        !output.is_empty()
    }

    /// Whether the child was requested to stop, and has output that nobody has taken yet, or nobody reads.
    fn is_to_be_read(&self) -> bool {
        let is_left = self.output.get().and_then(|output| output.peek(|output| !output.is_empty()));
        let mut child = lock(&self.child);
        let has_output = |wrapper: &mut Box<dyn ChildWrapper>| wrapper.stdout().is_some() || wrapper.stderr().is_some();
        child.requested && (is_left == Some(true) || child.wrapper.as_mut().is_some_and(has_output))
    }

    /// Waits, and meanwhile reads the output that nobody has taken. On Windows only in a runtime, whose threads read.
    async fn reading<R>(&self, ended: impl Future<Output = R>) -> R {
        let mut ended = pin!(ended);
        let Some(output) = self.output.get().filter(|_| cfg!(unix) || Handle::try_current().is_ok()) else {
            return ended.await;
        };
        // The end is polled once for each wake: it yields, so that one look at all processes is for many that end together.
        let free = match output.try_take() {
            Some(free) => Some(free),
            // Another wait of the same child has it, and may be dropped before the end.
            None => match select(ended.as_mut(), pin!(output.take())).await {
                Either::Left((result, _)) => return result,
                Either::Right((free, _)) => free,
            },
        };
        if let Some(mut output) = free
            && self.has_unread(&mut output)
        {
            return output.read_during(ended).await;
        }
        ended.await
    }

    /// Waits until the group has ended, and reaps the child.
    pub(super) async fn ended(self: &Arc<Self>, progress: &mut Progress) -> Result<ExitStatus, Unwatched> {
        let is_running = || lock(&self.child).status.is_none();
        let here = Handle::try_current();
        // A runtime that was only entered may have nobody to turn its I/O driver, and another than the one that the
        // child was started in may have no such driver: tokio would panic. On Windows a thread of the OS's tells, and one of
        // a runtime reads.
        let turned = if cfg!(windows) {
            here.is_ok() || !self.is_to_be_read()
        } else {
            progress.driver.as_ref().is_some_and(|driver| driver.is_turned())
                && here.is_ok_and(|runtime| runtime.id() == self.runtime)
        };
        let ended = if !is_running() {
            Ok(())
        } else if turned {
            self.reading(self.group.ended(is_running)).await
        } else {
            let name = progress.name().to_owned();
            // Weakly, so that the thread does not keep the child alive that the last handle would kill.
            let (inner, group) = (Arc::downgrade(self), self.group.clone());
            // One that began before the request, for a supervisor, reads nothing.
            let reads = self.is_to_be_read();
            let wait = || Joiner::spawn(&name, move || ended_blocking(&group, &inner, reads));
            let kept = progress.kept::<Elsewhere>().filter(|kept| kept.reads >= reads).is_some();
            if !kept {
                progress.forget();
            }
            match progress.keep(|| Elsewhere { reads, joiner: wait() }).joiner.wait().await {
                Ok(ended) => ended,
                Err(payload) => return Err(Unwatched::Panicked(Outcome::from_panic(&*payload))),
            }
        };
        ended.and_then(|()| self.reap()).map_err(Unwatched::Failed)
    }
}

/// A thread that waits.
struct Elsewhere {
    /// It reads the output, too.
    reads: bool,
    joiner: Joiner<io::Result<()>>,
}

/// Waits on this thread, and reads what nobody has taken, if it `reads`.
fn ended_blocking(group: &Group, inner: &Weak<Inner>, reads: bool) -> io::Result<()> {
    let is_ours = || inner.upgrade().is_some_and(|inner| lock(&inner.child).status.is_none());
    if reads
        && let Some(mut output) = inner.upgrade().and_then(|inner| {
            let mut output = inner.output.get()?.try_take()?;
            inner.has_unread(&mut output).then(|| std::mem::take(&mut *output))
        })
        && let Ok(runtime) = runtime::Builder::new_current_thread().enable_io().build()
    {
        let ended = runtime.block_on(output.read_elsewhere_during(group.ended(is_ours)));
        if let Some(inner) = inner.upgrade()
            && let Some(mut place) = inner.output.get().and_then(Slot::try_take)
        {
            *place = output; // for its last line
        }
        // On Windows a thread of it may still read from a pipe that somebody else has, too.
        runtime.shutdown_background();
        return ended;
    }
    group.ended_blocking(is_ours)
}

/// Why it is not known when a child ends.
pub(super) enum Unwatched {
    Failed(io::Error),
    /// The wait has panicked.
    Panicked(Outcome),
}
