//! A look at all processes, with their parents and the trees that they are in.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::look::{Source, look};
use super::super::looks::Looks;
use super::super::procfs::Stat;
use super::environment::{self, Patience};
use crate::host::fork::PerProcess;

/// Apart from those at the groups: they cost more, for the environment of each process.
pub(super) static FORESTS: PerProcess<Looks<Forest>> = PerProcess::new(|| Looks::new(|| Forest::now(Patience::new())));

/// For a request, a kill and a report, which must not wait: who is missed here is found by the next of [`FORESTS`].
pub(super) static GLIMPSES: PerProcess<Looks<Forest>> =
    PerProcess::new(|| Looks::new(|| Forest::now(Patience::none())));

/// When the leader of the first tree was started. Who is older is in none.
static FIRST: AtomicU64 = AtomicU64::new(u64::MAX);

pub(super) fn look_at_those_since(leader: u32) {
    let leader = Stat::read(leader.cast_signed()).ok().flatten();
    FIRST.fetch_min(leader.map_or(0, |leader| leader.started), Ordering::SeqCst);
}

/// The processes that were alive, by id.
pub(super) struct Forest {
    processes: BTreeMap<i32, Process>,
    children: HashMap<i32, Vec<i32>>,
    /// Whether none was missed.
    pub(super) certain: bool,
}

pub(super) struct Process {
    pub(super) stat: Stat,
    /// Their ids, separated by colons.
    pub(super) trees: Option<String>,
}

impl Process {
    pub(super) fn with_trees(stat: Stat, patience: &mut Patience) -> io::Result<Self> {
        let is_older = stat.started < FIRST.load(Ordering::SeqCst);
        let trees = if is_older { None } else { environment::trees_of(&stat, patience)? };
        Ok(Process { stat, trees })
    }

    /// Whether it can be told by itself that it is of the tree.
    pub(super) fn is_in(&self, tree: &str, leader: u32) -> bool {
        let has_id = || self.trees.as_ref().is_some_and(|trees| trees.split(':').any(|id| id == tree));
        self.stat.group == leader || has_id()
    }
}

impl Forest {
    fn now(patience: Patience) -> io::Result<Self> {
        let found = look(&mut WithTrees { patience })?;
        Ok(Self::new(found.alive, found.certain))
    }

    fn new(processes: BTreeMap<i32, Process>, certain: bool) -> Self {
        let mut children: HashMap<_, Vec<_>> = HashMap::new();
        for (pid, process) in &processes {
            children.entry(process.stat.parent).or_default().push(*pid);
        }
        Forest { processes, children, certain }
    }

    /// Those of a tree. `is_known` says of a process whether it was a member before.
    pub(super) fn members(&self, tree: &str, leader: u32, is_known: impl Fn(&Stat) -> bool) -> Vec<&Stat> {
        let own = std::process::id().cast_signed();
        let is_member = |process: &&Process| process.is_in(tree, leader) || is_known(&process.stat);
        let others = self.processes.values().filter(|process| process.stat.pid != own);
        let mut members: Vec<&Stat> = others.filter(is_member).map(|process| &process.stat).collect();
        let mut found: HashSet<i32> = members.iter().map(|member| member.pid).collect();
        let mut next = 0;
        while let Some(&parent) = members.get(next) {
            next += 1;
            for child in self.children.get(&parent.pid).into_iter().flatten() {
                let stat = &self.processes[child].stat;
                // One that is older was the child of another process, which had the id before.
                if *child != own && stat.started >= parent.started && found.insert(*child) {
                    members.push(stat);
                }
            }
        }
        members
    }
}

/// Takes the state of a process, and the trees that it is in.
struct WithTrees {
    patience: Patience,
}

impl Source for WithTrees {
    type Process = Process;

    fn alive(&mut self, id: i32) -> io::Result<Option<Process>> {
        Stat::of_alive(id)?.map(|stat| Process::with_trees(stat, &mut self.patience)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forest(processes: &[(i32, i32, u32, u64, &str)]) -> Forest {
        let process = |&(pid, parent, group, started, trees): &(i32, i32, u32, u64, &str)| {
            let stat = Stat { pid, parent, group, started, ..Stat::for_test() };
            (pid, Process { stat, trees: (!trees.is_empty()).then(|| trees.to_owned()) })
        };
        Forest::new(processes.iter().map(process).collect(), true)
    }

    fn members(forest: &Forest, tree: &str, known: &[i32]) -> Vec<i32> {
        let mut pids: Vec<i32> =
            forest.members(tree, 10, |stat| known.contains(&stat.pid)).iter().map(|stat| stat.pid).collect();
        pids.sort_unstable();
        pids
    }

    #[test]
    fn by_group_environment_parent_or_what_was_known() {
        let forest = forest(&[
            (1, 0, 1, 0, ""),
            (10, 1, 10, 5, "a"),   // the leader
            (11, 10, 10, 6, ""),   // of the group, with another environment
            (12, 1, 12, 6, "a"),   // a daemon
            (13, 12, 13, 7, ""),   // what it has started
            (14, 13, 14, 7, ""),   // and that
            (15, 1, 15, 7, "b"),   // of another tree
            (16, 1, 16, 8, "a:b"), // of both, one in the other
            (17, 1, 17, 8, "aa"),  // an id is compared as a whole
            (18, 12, 18, 2, ""),   // older than its parent
            (19, 1, 19, 8, ""),
            (20, 19, 20, 9, ""),
        ]);
        assert_eq!(members(&forest, "a", &[]), [10, 11, 12, 13, 14, 16]);
        assert_eq!(members(&forest, "a", &[19]), [10, 11, 12, 13, 14, 16, 19, 20]);
        assert_eq!(forest.members("b", 15, |_| false).len(), 2);
    }

    #[test]
    fn this_process_is_none_of_its_own() {
        let own = std::process::id().cast_signed();
        let forest = forest(&[(own, 10, 10, 5, "a")]);
        assert!(members(&forest, "a", &[own]).is_empty());
    }
}
