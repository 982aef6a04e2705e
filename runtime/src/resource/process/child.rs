//! The child: it is signalled and reaped under one lock.

use std::borrow::Cow;
use std::io;
use std::panic::Location;
use std::process::ExitStatus;
use std::sync::Mutex;
use std::time::Instant;

use process_wrap::tokio::ChildWrapper;
use tokio::runtime;

use super::ProcessRequest;
use super::group::Group;
use super::output::Output;
use crate::host::fork::Inheritable;
#[cfg(unix)]
use crate::resource::joiner::Joiner;
use crate::sync::lock;
use crate::sync::slot::Slot;
use crate::value::nodes::Registered;

/// What all handles of a child share.
pub(super) struct Inner {
    pub(super) name: Cow<'static, str>,
    pub(super) group: Group,
    pub(super) child: Mutex<Child>,
    /// What nobody has taken of it. One wait at a time reads it.
    pub(super) output: Inheritable<Slot<Output>>,
    /// The runtime that it was started in, which has an I/O driver.
    pub(super) runtime: runtime::Id,
    pub(super) location: &'static Location<'static>,
    pub(super) created: Instant,
    pub(super) registered: Registered,
}

/// Signals are sent and the child is reaped under one lock: until it was reaped, its zombie keeps the group's id from
/// being given to somebody else.
pub(super) struct Child {
    pub(super) wrapper: Option<Box<dyn ChildWrapper>>,
    pub(super) request: ProcessRequest,
    pub(super) requested: bool,
    pub(super) status: Option<ExitStatus>,
}

impl Inner {
    /// Asks all of them, unless the child was reaped.
    pub(super) fn request(&self) -> io::Result<()> {
        let mut child = lock(&self.child);
        let first = !std::mem::replace(&mut child.requested, true);
        let (request, ended) = (child.request, child.status.is_some());
        let Some(wrapper) = child.wrapper.as_mut().filter(|_| !ended) else { return Ok(()) };
        match request {
            ProcessRequest::Signal => self.group.request(&**wrapper),
            ProcessRequest::CloseStdin => {
                let input = wrapper.stdin().take();
                drop(child); // closing it runs tokio's code
                match input {
                    None if first => Err(io::Error::other("its standard input was not piped, or was taken")),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Kills all of them, unless the child was reaped.
    pub(super) fn kill(&self) -> io::Result<()> {
        let mut child = lock(&self.child);
        let ended = child.status.is_some();
        child.wrapper.as_mut().filter(|_| !ended).map_or(Ok(()), |wrapper| self.group.kill(&mut **wrapper))
    }

    /// Reaps the child, which has ended. Does not block.
    pub(super) fn reap(&self) -> io::Result<ExitStatus> {
        lock(&self.child).reap()
    }
}

impl Child {
    fn reap(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        let wrapper = self.wrapper.as_mut().ok_or_else(|| io::Error::other("the child is gone"))?;
        // Past process-wrap's own `try_wait`: that one asks the OS for any process of the group, so that tokio's handle
        // would never learn that its child was reaped, and would look for it under an id that others may have by then.
        let status = wrapper.inner_mut().try_wait()?.ok_or_else(|| io::Error::other("the child still runs"))?;
        self.status = Some(status);
        Ok(status)
    }
}

/// The last handle is gone: nobody is left to ask the child.
impl Drop for Inner {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.registered.is_inherited() {
            std::mem::forget(child.wrapper.take()); // the parent of this fork has it, and has not dropped it
            return;
        }
        let Some(mut wrapper) = child.wrapper.take_if(|_| child.status.is_none()) else { return };
        if let Err(error) = self.group.kill(&mut *wrapper) {
            crate::observe::complain(&format!("child `{}` was dropped and not wholly killed: {error}", self.name));
        }
        // On Windows nobody reaps; the handles are closed here.
        #[cfg(unix)]
        reap_later(self.group.clone(), self.name.clone(), wrapper);
    }
}

#[cfg(unix)]
fn reap_later(group: Group, name: Cow<'static, str>, wrapper: Box<dyn ChildWrapper>) {
    use crate::host::exit;
    use crate::resource::joiner::wait_exit;
    use crate::value::reaper;

    if exit::is_exiting() {
        return; // init reaps
    }
    let mut child = Child { wrapper: Some(wrapper), request: ProcessRequest::Signal, requested: true, status: None };
    let reaped = reaper::submit(move |_| async move {
        let ended = Joiner::spawn(&name, move || {
            if group.is_tree() {
                group.ended_blocking(|| true)?; // which kills those who were started meanwhile
            }
            wait_exit(group.id())
        });
        let ended = { ended }.wait().await;
        let _ = ended.map(|ended| ended.and_then(|()| child.reap()));
    });
    if let Err(error) = reaped {
        crate::observe::complain(&format!("a child process was killed and not reaped: {error}"));
    }
}
