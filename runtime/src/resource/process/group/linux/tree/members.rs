//! The members of a tree that are known, and what has become of those that were.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};

use super::super::looks::Asked;
use super::super::procfs::Stat;
use super::super::{AT_ONCE, open};
use super::forest::Forest;
use crate::resource::process::group::running::Running;
use crate::resource::process::group::{listed, named};

/// How many of those that have left the group a report names.
const NAMED: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Members {
    alive: HashMap<i32, Member>,
    /// Set when they are requested to stop: the first look that answers this question, or a later one, has seen all who were
    /// there then.
    requested: Option<Asked>,
    killed: bool,
    /// Those outside the group that have ended since the request: who was killed, and who was not.
    outside: [Fate; 2],
}

/// What there was at a look. Who was alive then may have ended since.
pub(super) struct Update {
    pub(super) nobody: bool,
    /// There was somebody who had not been killed.
    pub(super) new: bool,
    /// Somebody has ended since.
    pub(super) changes: bool,
}

/// Those with the same fate.
#[derive(Debug, Default)]
struct Fate {
    names: Vec<String>,
    more: usize,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names.join(", "))?;
        if self.more > 0 { write!(f, " and {} more", self.more) } else { Ok(()) }
    }
}

#[derive(Debug)]
pub(super) struct Member {
    stat: Stat,
    leader: u32,
    pub(super) requested: bool,
    killed: bool,
}

impl Member {
    pub(super) fn is_outside(&self) -> bool {
        self.stat.group != self.leader
    }
}

impl Members {
    /// Takes in what was seen.
    pub(super) fn update(&mut self, forest: &Forest, tree: &str, leader: u32) -> io::Result<Update> {
        let is_known = |stat: &Stat| self.alive.get(&stat.pid).is_some_and(|known| known.stat.is(stat));
        let found = forest.members(tree, leader, is_known);
        let mut alive = HashMap::new();
        let mut update = Update { nobody: found.is_empty(), new: false, changes: false };
        update.new = found.iter().any(|stat| !self.is_known_killed(stat));
        for stat in found {
            if open_same(stat)?.is_some() {
                let known = self.alive.get(&stat.pid).filter(|known| known.stat.is(stat));
                let (requested, killed) = known.map_or((false, false), |known| (known.requested, known.killed));
                alive.insert(stat.pid, Member { stat: stat.clone(), leader, requested, killed });
            } else {
                update.changes = true;
            }
        }
        let before = std::mem::replace(&mut self.alive, alive);
        let has_ended = |old: &Member| self.alive.get(&old.stat.pid).is_none_or(|now| !now.stat.is(&old.stat));
        let ended: Vec<_> = before.into_values().filter(has_ended).collect();
        ended.iter().for_each(|member| self.ended(member));
        Ok(update)
    }

    fn ended(&mut self, member: &Member) {
        if !member.is_outside() || self.requested.is_none() && !self.killed {
            return;
        }
        let Fate { names, more } = &mut self.outside[usize::from(!member.killed)];
        match names.len() {
            NAMED => *more += 1,
            _ => names.push(named(&member.stat.name, member.stat.pid)),
        }
    }

    /// Those who are found by a look at what there is `after` this are requested to stop, too.
    pub(super) fn requested(&mut self, after: Asked) {
        self.requested.get_or_insert(after);
    }

    pub(super) fn is_requested_since(&self, asked: &Asked) -> bool {
        self.requested.as_ref().is_some_and(|requested| requested <= asked)
    }

    pub(super) fn killed(&mut self) {
        self.killed = true;
    }

    /// Was killed without having been known.
    pub(super) fn was_hunted(&mut self, stat: Stat, leader: u32) {
        self.alive.insert(stat.pid, Member { stat, leader, requested: true, killed: true });
    }

    pub(super) fn is_known_killed(&self, stat: &Stat) -> bool {
        self.alive.get(&stat.pid).is_some_and(|member| member.killed && member.stat.is(stat))
    }

    pub(super) fn is_killed(&self) -> bool {
        self.killed
    }

    /// Sends the signals to those who are to get them. Of several errors the first is the result.
    pub(super) fn send(&mut self, to: impl Fn(&Member) -> bool, signals: &[Signal]) -> io::Result<()> {
        let mut result = Ok(());
        for member in self.alive.values_mut().filter(|member| to(member)) {
            let sent = member.send(signals);
            result = result.and(sent);
        }
        result
    }

    pub(super) fn running(&self) -> io::Result<Vec<Running>> {
        let mut running = Vec::new();
        for member in self.alive.values().take(AT_ONCE) {
            running.extend(open_same(&member.stat)?.map(Running::new).transpose()?.flatten());
        }
        Ok(running)
    }

    /// The names and ids of those that run; none if nobody does.
    pub(super) fn names(&self) -> Option<String> {
        let is_alive =
            |member: &&Member| matches!(Stat::of_alive(member.stat.pid), Ok(Some(now)) if now.is(&member.stat));
        let mut alive: Vec<&Stat> = self.alive.values().filter(is_alive).map(|member| &member.stat).collect();
        alive.sort_by_key(|stat| (stat.started, stat.pid));
        listed(alive.iter().map(|stat| named(&stat.name, stat.pid)))
    }

    /// What has become of those outside the group.
    pub(super) fn outside(&self) -> Option<String> {
        let fates = self.outside.iter().zip(["killed", "ended"]).filter(|(of, _)| !of.names.is_empty());
        let texts: Vec<String> = fates.map(|(of, fate)| format!("{fate} {of}")).collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }
}

impl Member {
    fn send(&mut self, signals: &[Signal]) -> io::Result<()> {
        let Some(process) = open_same(&self.stat)? else { return Ok(()) };
        for &signal in signals {
            match pidfd_send_signal(&process, signal) {
                Ok(()) => {}
                Err(Errno::SRCH) => return Ok(()), // it has ended
                Err(error) => {
                    let error = io::Error::from(error);
                    let text = format!("{}: {error}", named(&self.stat.name, self.stat.pid));
                    return Err(io::Error::new(error.kind(), text));
                }
            }
        }
        self.requested = true;
        self.killed |= signals.contains(&Signal::KILL);
        Ok(())
    }
}

/// A descriptor of this process; none if it has ended, or is a thread.
pub(super) fn open_same(stat: &Stat) -> io::Result<Option<OwnedFd>> {
    open(stat.pid, || Ok(Stat::read(stat.pid)?.is_some_and(|now| now.is(stat))))
}
