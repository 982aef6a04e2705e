//! The end of a child and its group: it is waited for, and meanwhile what nobody reads of the output is read.

use std::io;
use std::pin::pin;
use std::process::ExitStatus;
use std::sync::{Arc, Weak};

use futures_util::future::{Either, select};
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

    /// Waits, and meanwhile reads the output that nobody has taken. On Windows only in a runtime: its threads read there.
    async fn reading<R>(&self, ended: impl Future<Output = R>) -> R {
        let mut ended = pin!(ended);
        let Some(output) = self.output.get().filter(|_| cfg!(unix) || Handle::try_current().is_ok()) else {
            return ended.await;
        };
        // Another wait of the same child may have it, and be dropped before the end.
        let free = pin!(output.take());
        let free = match select(ended.as_mut(), free).await {
            Either::Left((result, _)) => return result,
            Either::Right((free, _)) => free,
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
        // A runtime that was only entered may have nobody to turn its I/O driver, and another than the one that the
        // child was started in may have no such driver: tokio would panic. On Windows a thread of the OS's tells.
        let turned = cfg!(windows)
            || progress.driver.as_ref().is_some_and(|driver| driver.is_turned())
                && Handle::try_current().is_ok_and(|runtime| runtime.id() == self.runtime);
        let ended = if !is_running() {
            Ok(())
        } else if turned {
            self.reading(self.group.ended(is_running)).await
        } else {
            let name = progress.name().to_owned();
            // Weakly, so that the thread does not keep the child alive that the last handle would kill.
            let (inner, group) = (Arc::downgrade(self), self.group.clone());
            match progress.keep(|| Joiner::spawn(&name, move || ended_blocking(&group, &inner))).wait().await {
                Ok(ended) => ended,
                Err(payload) => return Err(Unwatched::Panicked(Outcome::from_panic(&*payload))),
            }
        };
        ended.and_then(|()| self.reap()).map_err(Unwatched::Failed)
    }
}

/// Waits on this thread, and reads what nobody has taken.
fn ended_blocking(group: &Group, inner: &Weak<Inner>) -> io::Result<()> {
    let is_ours = || inner.upgrade().is_some_and(|inner| lock(&inner.child).status.is_none());
    #[cfg(unix)] // and on Windows nobody is here
    if let Some(mut output) = inner.upgrade().and_then(|inner| {
        let mut output = inner.output.get()?.try_take()?;
        inner.has_unread(&mut output).then(|| std::mem::take(&mut *output))
    }) && let Ok(runtime) = runtime::Builder::new_current_thread().enable_io().build()
    {
        let ended = runtime.block_on(output.read_elsewhere_during(group.ended(is_ours)));
        if let Some(inner) = inner.upgrade()
            && let Some(mut place) = inner.output.get().and_then(Slot::try_take)
        {
            *place = output; // for its last line
        }
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
