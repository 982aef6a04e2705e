//! Linux: `/proc` tells who is in a group, and a descriptor of each (`pidfd_open`, Linux 5.3) when it has ended.

mod look;
mod looks;
mod procfs;
mod tree;

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use self::look::{Source, look};
pub(super) use self::looks::Asked;
use self::looks::Looks;
use self::procfs::Stat;
pub(super) use self::tree::Tree;
use super::running::Running;
use super::{listed, named};
use crate::host::fork::PerProcess;

static GROUPS: PerProcess<Looks<Groups>> = PerProcess::new(|| Looks::new(Groups::now));

/// How many processes of a group or tree are waited for at a time, each by a descriptor of this process: the number of processes is
/// the child's affair.
const AT_ONCE: usize = 8;

/// The processes that were alive, by group.
struct Groups {
    members: HashMap<u32, Vec<i32>>,
    certain: bool,
}

impl Groups {
    fn now() -> io::Result<Self> {
        let found = look(&mut ByGroup)?;
        let mut members: HashMap<_, Vec<_>> = HashMap::new();
        for (pid, group) in found.alive {
            members.entry(group).or_default().push(pid);
        }
        Ok(Groups { members, certain: found.certain })
    }

    fn of(&self, group: u32) -> &[i32] {
        self.members.get(&group).map_or(&[], Vec::as_slice)
    }
}

/// Takes the group of a process.
struct ByGroup;

impl Source for ByGroup {
    type Process = u32;

    fn alive(&mut self, id: i32) -> io::Result<Option<u32>> {
        Ok(Stat::of_alive(id)?.map(|stat| stat.group))
    }
}

pub(super) fn ask() -> Asked {
    GROUPS.get().ask()
}

pub(super) fn names(group: u32) -> Option<String> {
    let seen = GROUPS.get().recent().ok()?;
    let now = seen.of(group).iter().filter_map(|pid| Stat::of_alive(*pid).ok()?);
    listed(now.filter(|stat| stat.group == group).map(|stat| named(&stat.name, stat.pid)))
}

/// Those that run; none if nobody does. They are empty if those that ran have ended since: they may have started others.
pub(super) fn running(group: u32, asked: &Asked) -> io::Result<Option<Vec<Running>>> {
    let seen = GROUPS.get().since(asked)?;
    let members = seen.of(group);
    if members.is_empty() && seen.certain {
        return Ok(None);
    }
    let mut running = Vec::new();
    for &member in members.iter().take(AT_ONCE) {
        // Between the look and this the id may have gone to another process, whose end does not concern us.
        let is_member = || Ok(Stat::read(member)?.is_some_and(|now| now.group == group));
        if let Some(end) = open(member, is_member)? {
            running.extend(Running::of_group(group, member, end)?);
        }
    }
    Ok(Some(running))
}

/// A descriptor of the process, unless it has ended, or is another one than `is_it` wants, or the id is a thread's.
fn open(pid: i32, is_it: impl FnOnce() -> io::Result<bool>) -> io::Result<Option<OwnedFd>> {
    let Some(id) = Pid::from_raw(pid) else { return Ok(None) };
    match pidfd_open(id, PidfdFlags::empty()) {
        Ok(end) => Ok(is_it()?.then_some(end)),
        Err(Errno::SRCH | Errno::INVAL | Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use std::sync::atomic::Ordering;

    use futures_util::future::join_all;
    use tokio::process::Command;

    use super::*;
    use crate::Process;
    use crate::driver::Driver;
    use crate::teardown::{Outcome, Progress, Teardown as _};

    /// Each look reads the state of all processes, on the thread of the runtime.
    #[tokio::test]
    async fn one_look_is_for_many_that_end_together() {
        const CHILDREN: usize = 40;
        let sleep = || {
            let mut command = Command::new("sleep");
            command.arg("60");
            Process::spawn("sleep", command).unwrap()
        };
        let mut children: Vec<Process> = (0..CHILDREN).map(|_| sleep()).collect();
        let mut progress: Vec<Progress> = (0..CHILDREN).map(|_| Progress::new("sleep")).collect();
        for (child, progress) in children.iter_mut().zip(&mut progress) {
            progress.driver = Some(Driver::asynchronous());
            child.request(progress);
        }
        let before = GROUPS.get().count.load(Ordering::SeqCst);
        let waits = children.iter_mut().zip(&mut progress).map(|(child, progress)| child.wait(progress));
        let outcomes = join_all(waits).await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Stopped)), "{outcomes:?}");
        let looks = GROUPS.get().count.load(Ordering::SeqCst) - before;
        // One or a few, and those of the tests beside this one.
        assert!(looks <= CHILDREN as u64 / 2, "{looks} looks");
    }
}
