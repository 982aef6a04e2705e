//! Process groups.

use std::io;

use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessGroup};
use tokio::process::Command;

#[cfg(any(target_os = "macos", target_os = "freebsd"))]
use super::kqueue as os;
#[cfg(target_os = "linux")]
use super::linux as os;
use super::running::Running;

/// A process group, by the id of its leader.
#[derive(Clone, Debug)]
pub(in super::super) struct Group(pub(super) u32);

impl Group {
    /// Starts `command` as the leader of a group.
    pub(in super::super) fn spawn(command: Command) -> io::Result<(Box<dyn ChildWrapper>, Self)> {
        let child = CommandWrap::from(command).wrap(ProcessGroup::leader()).spawn()?;
        let id = child.id().ok_or_else(|| io::Error::other("the child was reaped before it had an id"))?;
        Ok((child, Group(id)))
    }

    /// Of the child, and of its group.
    pub(in super::super) fn id(&self) -> u32 {
        self.0
    }

    /// SIGTERM; and SIGCONT, for one that is stopped.
    pub(in super::super) fn request(&self, child: &dyn ChildWrapper) -> io::Result<()> {
        self.unless_ended(child.signal(libc::SIGTERM))?;
        self.unless_ended(child.signal(libc::SIGCONT))
    }

    /// SIGKILL.
    pub(in super::super) fn kill(&self, child: &mut dyn ChildWrapper) -> io::Result<()> {
        self.unless_ended(child.start_kill())
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
        os::names(self.0)
    }

    pub(super) fn ask() -> os::Asked {
        os::ask()
    }

    pub(super) fn running(&self, asked: &os::Asked) -> io::Result<Option<Vec<Running>>> {
        os::running(self.0, asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_in_its_own_group() {
        let own = rustix::process::getpgrp().as_raw_nonzero().get().cast_unsigned();
        let names = Group(own).names().unwrap();
        assert!(names.contains(&format!("({})", std::process::id())), "{names}");
    }

    #[test]
    fn nobody_is_in_a_group_that_there_is_not() {
        let nobody = Group(i32::MAX.cast_unsigned());
        assert_eq!(nobody.names(), None);
        nobody.ended_blocking(|| true).unwrap();
    }

    #[test]
    fn a_signal_to_a_group_that_has_ended_is_no_error() {
        let nobody = Group(i32::MAX.cast_unsigned());
        let pid = rustix::process::Pid::from_raw(i32::MAX).unwrap();
        let sent = rustix::process::kill_process_group(pid, rustix::process::Signal::TERM);
        assert_eq!(sent, Err(rustix::io::Errno::SRCH));
        nobody.unless_ended(sent.map_err(io::Error::from)).unwrap();
        let refused = io::Error::from(rustix::io::Errno::PERM);
        let own = Group(rustix::process::getpgrp().as_raw_nonzero().get().cast_unsigned());
        own.unless_ended(Err(refused)).unwrap_err();
    }
}
