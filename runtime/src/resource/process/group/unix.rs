//! Process groups, and the trees that grow out of them.

use std::io;
use std::sync::Arc;

use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessGroup};
use tokio::process::Command;

#[cfg(any(target_os = "macos", target_os = "freebsd"))]
use super::kqueue as os;
#[cfg(target_os = "linux")]
use super::linux as os;
use super::running::Running;

/// A process group, by the id of its leader; or all that descends from that. A clone is the same one.
#[derive(Clone, Debug)]
pub(in super::super) struct Group {
    id: u32,
    tree: Option<Arc<os::Tree>>,
}

impl Group {
    /// Starts `command` as the leader of a group.
    pub(in super::super) fn spawn(command: Command) -> io::Result<(Box<dyn ChildWrapper>, Self)> {
        Self::start(command, None)
    }

    /// As [`spawn`](Self::spawn). On Linux it has those, too, that leave the group.
    pub(in super::super) fn spawn_tree(mut command: Command) -> io::Result<(Box<dyn ChildWrapper>, Self)> {
        let tree = os::Tree::of(&mut command);
        Self::start(command, tree)
    }

    fn start(command: Command, tree: Option<os::Tree>) -> io::Result<(Box<dyn ChildWrapper>, Self)> {
        let child = CommandWrap::from(command).wrap(ProcessGroup::leader()).spawn()?;
        let id = child.id().ok_or_else(|| io::Error::other("the child was reaped before it had an id"))?;
        if let Some(tree) = &tree {
            tree.is_led_by(id);
        }
        Ok((child, Group { id, tree: tree.map(Arc::new) }))
    }

    /// Of the child, and of its group.
    pub(in super::super) fn id(&self) -> u32 {
        self.id
    }

    /// SIGTERM; and SIGCONT, for one that is stopped.
    pub(in super::super) fn request(&self, child: &dyn ChildWrapper) -> io::Result<()> {
        let looked = self.look();
        let group = self.unless_ended(child.signal(libc::SIGTERM));
        let group = group.and_then(|()| self.unless_ended(child.signal(libc::SIGCONT)));
        let tree = self.tree.as_ref().map_or(Ok(()), |tree| tree.request());
        group.and(looked).and(tree)
    }

    /// SIGKILL.
    pub(in super::super) fn kill(&self, child: &mut dyn ChildWrapper) -> io::Result<()> {
        let _ = self.look(); // an error comes again with the look behind the signal
        let group = self.unless_ended(child.start_kill());
        let tree = self.tree.as_ref().map_or(Ok(()), |tree| tree.kill(self.id));
        group.and(tree)
    }

    /// Before the group gets a signal: those of a tree who are known by their parents alone are nobody's when these have ended.
    fn look(&self) -> io::Result<()> {
        self.tree.as_ref().map_or(Ok(()), |tree| tree.look(self.id))
    }

    /// Whether those who were killed are known to be gone only when [`ended`](Self::ended) says so: who left the group may
    /// have started others meanwhile.
    pub(in super::super) fn is_tree(&self) -> bool {
        self.tree.is_some()
    }

    /// What has become of those of a tree who are outside the group.
    pub(in super::super) fn outside(&self) -> Option<String> {
        self.tree.as_ref()?.outside()
    }

    /// The result of a signal. That all of the group have ended is no error: ESRCH, and EPERM on macOS, which lets nobody
    /// signal a zombie.
    fn unless_ended(&self, sent: io::Result<()>) -> io::Result<()> {
        match sent.as_ref().map_err(io::Error::raw_os_error) {
            Err(Some(libc::ESRCH)) => Ok(()),
            Err(Some(libc::EPERM)) if cfg!(target_os = "macos") && self.names().is_none() => Ok(()),
            _ => sent,
        }
    }

    /// The names and ids of those that run; none if nobody does. For a report: one that was started this very moment may be
    /// missing.
    pub(in super::super) fn names(&self) -> Option<String> {
        self.tree.as_ref().map_or_else(|| os::names(self.id), |tree| tree.names(self.id))
    }

    pub(super) fn ask(&self) -> os::Asked {
        if self.is_tree() { os::Tree::ask() } else { os::ask() }
    }

    pub(super) fn running(&self, asked: &os::Asked) -> io::Result<Option<Vec<Running>>> {
        self.tree.as_ref().map_or_else(|| os::running(self.id, asked), |tree| tree.running(self.id, asked))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::*;

    fn group(id: u32) -> Group {
        Group { id, tree: None }
    }

    #[test]
    fn this_process_is_in_its_own_group() {
        let own = rustix::process::getpgrp().as_raw_nonzero().get().cast_unsigned();
        let names = group(own).names().unwrap();
        assert!(names.contains(&format!("({})", std::process::id())), "{names}");
    }

    /// Another handle reaps the leader while this one waits for its turn.
    #[tokio::test]
    async fn what_was_reaped_meanwhile_is_not_waited_for() {
        let own = group(rustix::process::getpgrp().as_raw_nonzero().get().cast_unsigned());
        let ours = Cell::new(true);
        let both = async { tokio::join!(own.ended(|| ours.get()), async { ours.set(false) }).0 };
        tokio::time::timeout(Duration::from_secs(30), both).await.expect("it does not wait for us").unwrap();
    }

    #[test]
    fn nobody_is_in_a_group_that_there_is_not() {
        let nobody = group(i32::MAX.cast_unsigned());
        assert_eq!(nobody.names(), None);
        nobody.ended_blocking(|| true).unwrap();
    }

    #[test]
    fn a_signal_to_a_group_that_has_ended_is_no_error() {
        let nobody = group(i32::MAX.cast_unsigned());
        let pid = rustix::process::Pid::from_raw(i32::MAX).unwrap();
        let sent = rustix::process::kill_process_group(pid, rustix::process::Signal::TERM);
        assert_eq!(sent, Err(rustix::io::Errno::SRCH));
        nobody.unless_ended(sent.map_err(io::Error::from)).unwrap();
        let refused = io::Error::from(rustix::io::Errno::PERM);
        let own = group(rustix::process::getpgrp().as_raw_nonzero().get().cast_unsigned());
        own.unless_ended(Err(refused)).unwrap_err();
    }
}
