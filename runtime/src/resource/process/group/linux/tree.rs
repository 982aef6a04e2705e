//! A tree: a child, and all that descends from it, whatever group, session or parent that has by now.
//!
//! Who leaves the group, as a daemon does, and whose parent has ended, is a child of init's. What it keeps is its environment:
//! the child is started with a variable that has the tree's id, and `/proc/ID/environ` shows what a process was started with,
//! to its own user. So members are those who
//!
//! - are in the group of the child,
//! - have the id in their environment,
//! - have a member as their parent, or
//! - were seen as members before.
//!
//! What escapes: a process whose parent has ended before a look came by, and which has left the group and has no such
//! environment: it was started with another one, has written over it (as nginx does for its title), or runs as another
//! user, or in a way that forbids its user to read it (`PR_SET_DUMPABLE`).
//!
//! Who descends from a member by its parent alone is found while that lives; for the others the invariant of [`look`]
//! holds. A signal is sent by a descriptor, after the look at who it is: never to an id that was given to another process.
//!
//! Not by `PR_SET_CHILD_SUBREAPER`, which makes this process the parent of all who lose theirs: it is an attribute of the
//! whole process, this one would have to reap children that are none of its own, and could tell which was of which tree, and
//! of which library, by the environment alone.
//!
//! [`look`]: super::look

mod environment;
mod forest;
mod hunt;
mod members;

use std::io;
use std::sync::Mutex;

use rustix::process::Signal;
use tokio::process::Command;

use self::forest::{FORESTS, GLIMPSES};
use self::members::Members;
use super::looks::Asked;
use crate::resource::process::group::running::Running;
use crate::sync::lock;

/// Who asked may be on a thread of a runtime: the next look goes on.
const HUNTS: usize = 4;

/// A tree. Each call is given the id of its leader, which nobody has reaped.
#[derive(Debug)]
pub(in super::super) struct Tree {
    /// What the environment of its members has.
    id: String,
    members: Mutex<Members>,
}

impl Tree {
    /// Of what `command` starts.
    pub(in super::super) fn of(command: &mut Command) -> Option<Self> {
        let id = environment::mark(command);
        Some(Tree { id, members: Mutex::default() })
    }

    /// The leader was started.
    pub(in super::super) fn is_led_by(&self, leader: u32) {
        forest::look_at_those_since(leader);
    }

    pub(in super::super) fn ask() -> Asked {
        FORESTS.get().ask()
    }

    /// Learns who is in it, as of now or a moment ago.
    pub(in super::super) fn look(&self, leader: u32) -> io::Result<()> {
        let forest = GLIMPSES.get().recent()?;
        lock(&self.members).update(&forest, &self.id, leader).map(drop)
    }

    /// SIGTERM to those outside the group, and SIGCONT: those who are known, after a [`look`](Self::look). One who has left it since,
    /// or is about to, gets them with the next look.
    pub(in super::super) fn request(&self) -> io::Result<()> {
        let after = Self::ask();
        let mut members = lock(&self.members);
        members.requested(after);
        members.send(|member| member.is_outside() && !member.requested, &[Signal::TERM, Signal::CONT])
    }

    /// SIGKILL to all, also to those who are found later.
    pub(in super::super) fn kill(&self, leader: u32) -> io::Result<()> {
        lock(&self.members).killed(); // and if the look fails, the next one kills
        let forest = GLIMPSES.get().recent()?;
        let mut members = lock(&self.members);
        let update = members.update(&forest, &self.id, leader)?;
        let sent = members.send(|_| true, &[Signal::KILL]);
        let hunted = if update.changes { self.hunt(&mut members, leader) } else { Ok(()) };
        sent.and(hunted)
    }

    /// For those who start others faster than a look and then a signal are.
    fn hunt(&self, members: &mut Members, leader: u32) -> io::Result<()> {
        for _ in 0..HUNTS {
            let killed = hunt::hunt(&self.id, leader, |stat| members.is_known_killed(stat))?;
            if killed.is_empty() {
                break;
            }
            killed.into_iter().for_each(|killed| members.was_hunted(killed, leader));
        }
        Ok(())
    }

    /// As [`running`](super::running).
    pub(in super::super) fn running(&self, leader: u32, asked: &Asked) -> io::Result<Option<Vec<Running>>> {
        let forest = FORESTS.get().since(asked)?;
        let mut members = lock(&self.members);
        let update = members.update(&forest, &self.id, leader)?;
        // Who takes no signal, as a program of another user, can be waited for all the same. The request and the kill say so.
        if members.is_killed() {
            let _ = members.send(|_| true, &[Signal::KILL]);
            if update.new {
                self.hunt(&mut members, leader)?;
                return Ok(Some(Vec::new()));
            }
        } else if members.is_requested_since(asked) {
            let _ = members.send(|member| member.is_outside() && !member.requested, &[Signal::TERM, Signal::CONT]);
        }
        if update.nobody && forest.certain {
            return Ok(None);
        }
        members.running().map(Some)
    }

    pub(in super::super) fn names(&self, leader: u32) -> Option<String> {
        let forest = GLIMPSES.get().recent().ok()?;
        let mut members = lock(&self.members);
        members.update(&forest, &self.id, leader).ok()?;
        members.names()
    }

    /// What has become of those outside the group, since they were requested to stop.
    pub(in super::super) fn outside(&self) -> Option<String> {
        lock(&self.members).outside()
    }
}
