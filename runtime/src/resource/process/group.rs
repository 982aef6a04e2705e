//! Who is in a process group, and when all of them have ended.
//!
//! The leader is our child and stays a zombie until we reap it, so the group's id is the group's own for as long as these
//! functions are used. The others are children of others: the OS tells of their end through a descriptor of each
//! (`pidfd_open`, Linux 5.3). A zombie has ended; its own parent, or init, reaps it.

mod looks;

use std::fs;
use std::io;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::task::yield_now;

use looks::{Asked, Seen};

/// Ready when every process of the group has ended.
///
/// `is_ours` says whether the leader was not reaped yet: another handle of it may do so meanwhile.
pub(super) async fn ended(group: u32, is_ours: impl Fn() -> bool) -> io::Result<()> {
    // A process that is there may start others before it ends: look again until nobody is left.
    while is_ours() {
        let asked = Asked::now();
        yield_now().await; // the others of this task ask too, and one look is for all of them
        let running = running(group, &*asked.look()?)?;
        if running.is_empty() {
            break;
        }
        for process in running {
            let _ = watch(process.end)?.readable().await?;
        }
    }
    Ok(())
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

/// As [`ended`], blocking this thread.
pub(super) fn ended_blocking(group: u32, is_ours: impl Fn() -> bool) -> io::Result<()> {
    while is_ours() {
        let running = running(group, &*Asked::now().look()?)?;
        if running.is_empty() {
            break;
        }
        for process in running {
            while let Err(Errno::INTR) = poll(&mut [PollFd::new(&process.end, PollFlags::IN)], None) {}
        }
    }
    Ok(())
}

/// The names and ids of those that run; none if nobody does. For a report: one that was started this very moment may be
/// missing.
pub(super) fn names(group: u32) -> Option<String> {
    let seen = looks::recent().ok()?;
    let now = seen.members(group).iter().filter_map(|pid| stat(*pid));
    let names: Vec<_> = now
        .filter(|stat| stat.group == group && !stat.zombie)
        .map(|stat| format!("`{}` ({})", stat.name, stat.pid))
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}

struct Running {
    /// Readable when the process has ended.
    end: OwnedFd,
}

fn running(group: u32, seen: &Seen) -> io::Result<Vec<Running>> {
    let mut running = Vec::new();
    for &member in seen.members(group) {
        let Some(pid) = Pid::from_raw(member) else { continue };
        match pidfd_open(pid, PidfdFlags::empty()) {
            // Between the look and this the id may have gone to another process, whose end does not concern us.
            Ok(end) if stat(member).is_some_and(|now| now.group == group) && !has_ended(&end)? => {
                running.push(Running { end });
            }
            Ok(_) | Err(Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(running)
}

/// A process whose main thread alone has ended is a zombie in `/proc`, too: only its descriptor tells.
fn has_ended(end: &OwnedFd) -> io::Result<bool> {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    Ok(poll(&mut [PollFd::new(end, PollFlags::IN)], Some(&now))? > 0)
}

/// What `/proc/PID/stat` says of a process.
struct Stat {
    pid: i32,
    name: String,
    group: u32,
    zombie: bool,
}

/// Every process there is.
fn stats() -> io::Result<impl Iterator<Item = Stat>> {
    let pids = fs::read_dir("/proc")?.flatten();
    Ok(pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(stat))
}

fn stat(pid: i32) -> Option<Stat> {
    // `PID (NAME) STATE PPID PGRP …`; the name may have blanks and parentheses.
    let text = String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/stat")).ok()?).into_owned();
    let (head, rest) = text.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let mut fields = rest.split_whitespace();
    let (state, _parent, group) = (fields.next()?, fields.next()?, fields.next()?.parse().ok()?);
    Some(Stat { pid, name: name.to_owned(), group, zombie: matches!(state, "Z" | "X" | "x") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_in_its_own_group() {
        let own = stat(std::process::id().try_into().unwrap()).unwrap();
        assert!(names(own.group).unwrap().contains(&format!("`{}` ({})", own.name, own.pid)));
    }

    #[test]
    fn nobody_is_in_a_group_that_there_is_not() {
        assert_eq!(names(u32::MAX), None);
        ended_blocking(u32::MAX, || true).unwrap();
    }
}
