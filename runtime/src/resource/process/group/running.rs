//! A process that runs, by a descriptor that is readable when it has ended.

use std::io;
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, getpgid};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::timer::timer;

/// A process that had not ended.
pub(super) struct Running {
    /// Readable when it has.
    end: OwnedFd,
    /// It is waited for as long as it is in its group.
    member: Option<Member>,
}

/// A process, not the leader, and its group.
struct Member {
    pid: Pid,
    group: Pid,
}

/// How often somebody looks whether a process has left its group, of which nothing tells. A daemon leaves it at its start,
/// when its parent may have ended; so the pauses are short at first.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

impl Running {
    /// None, if it has ended.
    pub(super) fn new(end: OwnedFd) -> io::Result<Option<Self>> {
        let ended = is_readable(&end, Some(Duration::ZERO))?;
        Ok((!ended).then_some(Running { end, member: None }))
    }

    /// Not a process, but the time after which to look again.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn moment(timer: OwnedFd) -> Self {
        Running { end: timer, member: None }
    }

    /// One that is nobody's concern any more if it leaves its group. None, if it has ended.
    pub(super) fn of_group(group: u32, pid: i32, end: OwnedFd) -> io::Result<Option<Self>> {
        let [pid, group] = [pid, group.cast_signed()].map(Pid::from_raw);
        // Of the leader, the group has the id.
        let member = pid.zip(group).filter(|(pid, group)| pid != group).map(|(pid, group)| Member { pid, group });
        Ok(Self::new(end)?.map(|running| Running { member, ..running }))
    }

    /// Waits until it has ended, or left the group.
    pub(super) async fn over(self) -> io::Result<()> {
        let end = watch(self.end)?;
        let mut ended = pin!(end.readable());
        if let Some(member) = self.member {
            // Without a descriptor for the timer, it is waited for to its end.
            let mut pause = FIRST_PAUSE;
            while let Ok(timer) = timer(pause).and_then(watch) {
                match select(ended.as_mut(), pin!(timer.readable())).await {
                    Either::Left((ended, _)) => return ended.map(drop),
                    Either::Right(_) if member.has_left() => return Ok(()),
                    Either::Right(_) => pause = longer(pause),
                }
            }
        }
        ended.await.map(drop)
    }

    /// As [`over`](Self::over), blocking this thread.
    pub(super) fn over_blocking(self) -> io::Result<()> {
        let Some(member) = self.member else { return is_readable(&self.end, None).map(drop) };
        let mut pause = FIRST_PAUSE;
        while !is_readable(&self.end, Some(pause))? && !member.has_left() {
            pause = longer(pause);
        }
        Ok(())
    }
}

impl Member {
    /// Its id may be another's by then: it has ended, and the caller looks again.
    fn has_left(&self) -> bool {
        getpgid(Some(self.pid)) != Ok(self.group)
    }
}

fn longer(pause: Duration) -> Duration {
    (pause * 2).min(LONGEST_PAUSE)
}

/// Whether it is readable within this time; without one it waits until it is.
fn is_readable(descriptor: &OwnedFd, within: Option<Duration>) -> io::Result<bool> {
    let within = within.map(Timespec::try_from).transpose().map_err(io::Error::other)?;
    loop {
        match poll(&mut [PollFd::new(descriptor, PollFlags::IN)], within.as_ref()) {
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(ready) => return Ok(ready > 0),
        }
    }
}

#[allow(
    unsafe_code,
    reason = "tokio's safe constructor is deprecated as unsound for types that do not own their descriptor"
)]
fn watch(end: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` has one descriptor, which it keeps open until it is dropped, and `AsyncFd` deregisters before
    // it drops what it owns.
    Ok(unsafe { AsyncFd::register_with_interest(end, Interest::READABLE) }?)
}
