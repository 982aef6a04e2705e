//! Linux: `/proc` tells who is in a group, and a descriptor of each (`pidfd_open`, Linux 5.3) when it has ended.

mod looks;

use std::fs;
use std::io;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

pub(super) use self::looks::Asked;
use super::running::Running;
use super::{listed, named};

pub(super) fn names(group: u32) -> Option<String> {
    let seen = looks::recent().ok()?;
    let now = seen.members(group).iter().filter_map(|pid| stat(*pid));
    listed(now.filter(|stat| stat.group == group && !stat.zombie).map(|stat| named(&stat.name, stat.pid)))
}

/// A process whose main thread alone has ended is a zombie in `/proc`, too: only its descriptor tells.
pub(super) fn running(group: u32, asked: Asked) -> io::Result<Vec<Running>> {
    let seen = asked.look()?;
    let mut running = Vec::new();
    for &member in seen.members(group) {
        let Some(pid) = Pid::from_raw(member) else { continue };
        match pidfd_open(pid, PidfdFlags::empty()) {
            // Between the look and this the id may have gone to another process, whose end does not concern us.
            Ok(end) if stat(member).is_some_and(|now| now.group == group) => running.extend(Running::new(end)?),
            Ok(_) | Err(Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(running)
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
