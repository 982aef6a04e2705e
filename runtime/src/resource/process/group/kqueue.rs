//! macOS and FreeBSD: the kernel lists a group, and a kqueue tells when one of its processes has ended.
//!
//! A kqueue of its own for each process, because a kqueue is readable when it has an event: so it is waited for as a pidfd
//! is on Linux.

#[cfg(target_os = "freebsd")]
mod freebsd;
#[cfg(target_os = "macos")]
mod macos;

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::kqueue::{EventFilter, ProcessEvents};
use rustix::io::Errno;
use rustix::process::{Pid, getpgid};
use tokio::process::Command;

#[cfg(target_os = "freebsd")]
use self::freebsd as os;
#[cfg(target_os = "macos")]
use self::macos as os;
use super::running::Running;
use super::timer::timer;
use super::{listed, named, queue};

/// A question. The kernel has a list for each group, so that each who asks looks for itself.
pub(super) struct Asked;

pub(super) fn ask() -> Asked {
    Asked
}

/// There is none: what leaves the group is not found.
///
/// xnu and FreeBSD show who is whose child, and FreeBSD what is in the environment of a process; but neither has a
/// descriptor of a process that is not this one's child, to send a signal by. An id may be another's by then.
#[derive(Debug)]
pub(super) enum Tree {}

impl Tree {
    pub(super) fn of(_: &mut Command) -> Option<Self> {
        None
    }

    pub(super) fn is_led_by(&self, _: u32) {
        match *self {}
    }

    pub(super) fn look(&self, _: u32) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn ask() -> Asked {
        ask()
    }

    pub(super) fn request(&self) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn kill(&self, _: u32) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn running(&self, _: u32, _: &Asked) -> io::Result<Option<Vec<Running>>> {
        match *self {}
    }

    pub(super) fn names(&self, _: u32) -> Option<String> {
        match *self {}
    }

    pub(super) fn outside(&self) -> Option<String> {
        match *self {}
    }
}

/// When to look again at processes that are in their exit.
const AGAIN: Duration = Duration::from_millis(2);

/// A process of a group.
struct Member {
    pid: i32,
    name: String,
    zombie: bool,
}

pub(super) fn names(group: u32) -> Option<String> {
    let members = os::members(group).ok()?;
    listed(members.iter().filter(|member| !member.zombie).map(|member| named(&member.name, member.pid)))
}

/// Those that run; none if nobody does. They are empty if those that ran have ended since: they may have started others.
pub(super) fn running(group: u32, _: &Asked) -> io::Result<Option<Vec<Running>>> {
    let members = os::members(group)?;
    let mut running = Vec::new();
    let nobody = members.iter().all(|member| member.zombie);
    for member in members.iter().filter(|member| !member.zombie) {
        let Some(pid) = Pid::from_raw(member.pid) else { continue };
        match end(pid) {
            // It may have ended before, and its id have gone to a process of another group. Only now it is known which of
            // them the queue tells of.
            Ok(end) if is_in(group, pid) => running.extend(Running::of_group(group, member.pid, end)?),
            Ok(_) => {}
            // It has ended: xnu does not find a zombie.
            Err(Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if running.is_empty() && !nobody {
        // They are in their exit, of which nothing tells any more, and are no zombies yet.
        running.push(Running::moment(timer(AGAIN)?));
    }
    Ok((!nobody).then_some(running))
}

fn is_in(group: u32, pid: Pid) -> bool {
    getpgid(Some(pid)).is_ok_and(|of| of.as_raw_nonzero().get().cast_unsigned() == group)
}

/// Readable when the process has ended.
fn end(pid: Pid) -> rustix::io::Result<OwnedFd> {
    queue::with(EventFilter::Proc { pid, flags: ProcessEvents::EXIT })
}
