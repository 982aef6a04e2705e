//! A look that kills.
//!
//! Where each process starts another one as soon as it lives, the one that a look has found is gone before it gets a signal.
//! This one gives the signal at sight, and comes to each new process in the order in which they are started.

use std::io;

use rustix::process::{Signal, pidfd_send_signal};

use super::super::look::{Source, look};
use super::super::procfs::Stat;
use super::environment::Patience;
use super::forest::Process;
use super::members::open_same;

/// Kills those of the tree who can be told by themselves, and returns them. Who `is_killed` already may not have ended yet.
pub(super) fn hunt(tree: &str, leader: u32, is_killed: impl Fn(&Stat) -> bool) -> io::Result<Vec<Stat>> {
    let mut hunt = Hunt { tree, leader, is_killed, killed: Vec::new(), patience: Patience::none() };
    look(&mut hunt)?;
    Ok(hunt.killed)
}

struct Hunt<'a, K> {
    tree: &'a str,
    leader: u32,
    is_killed: K,
    killed: Vec<Stat>,
    patience: Patience,
}

impl<K: Fn(&Stat) -> bool> Source for Hunt<'_, K> {
    type Process = ();

    fn alive(&mut self, id: i32) -> io::Result<Option<()>> {
        // An error is the next look's, too: it finds who is left.
        let killed = self.kill(id).ok().flatten();
        self.killed.extend(killed);
        Ok(None)
    }
}

impl<K: Fn(&Stat) -> bool> Hunt<'_, K> {
    /// None if it is not of the tree, or has ended.
    fn kill(&mut self, id: i32) -> io::Result<Option<Stat>> {
        let Some(stat) = Stat::of_alive(id)? else { return Ok(None) };
        let process = Process::with_trees(stat, &mut self.patience)?;
        let own = std::process::id().cast_signed();
        if id == own || !process.is_in(self.tree, self.leader) || (self.is_killed)(&process.stat) {
            return Ok(None);
        }
        let Some(opened) = open_same(&process.stat)? else { return Ok(None) };
        pidfd_send_signal(opened, Signal::KILL)?;
        Ok(Some(process.stat))
    }
}
