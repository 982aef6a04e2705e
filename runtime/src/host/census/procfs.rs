//! Threads and child processes, from `/proc`, whose times of a start are in clock ticks since boot.
#![allow(unsafe_code, reason = "std does not tell how long a clock tick is")]

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use super::{Process, Thread, ThreadState};
use crate::host::procfs::{StatLine, numbers};

/// Why there is no list.
pub(crate) const NOT_LISTED: &str = "threads and child processes are not listed: `/proc` is not there";

/// Of a process that starts threads all the time each look finds another one.
const LOOKS: usize = 10;

/// The kernel misses some if the thread that it is at ends meanwhile. So this looks until it has found as many as there are.
pub(super) fn threads() -> Vec<Thread> {
    let look = || numbers("/proc/self/task").unwrap_or_default();
    let count = || Stat::read("/proc/self/stat").map(|stat| stat.threads);
    all_of(look, count, thread)
}

fn all_of<T>(
    look: impl Fn() -> Vec<u32>,
    count: impl Fn() -> Option<usize>,
    read: impl Fn(u32) -> Option<T>,
) -> Vec<T> {
    let mut ids = BTreeSet::new();
    let mut found = Vec::new();
    for _ in 0..LOOKS {
        ids.extend(look());
        // What was found before the count, and can be read after it, was there when it was taken.
        let count = count();
        found = ids.iter().copied().filter_map(&read).collect();
        if count.is_none_or(|count| found.len() >= count) {
            break;
        }
    }
    found
}

fn thread(tid: u32) -> Option<Thread> {
    let stat = Stat::read(&format!("/proc/self/task/{tid}/stat"))?;
    Some(Thread { tid, state: stat.state(), cpu: stat.cpu(), name: stat.name, started: stat.started })
}

/// The thread that asks.
pub(super) fn caller() -> Option<u32> {
    fs::read_link("/proc/thread-self").ok()?.file_name()?.to_str()?.parse().ok()
}

/// The thread that runs `main`: it has the id of the process.
pub(super) fn main(_: &[Thread]) -> Option<u32> {
    // As `/proc` numbers it, which may be that of another namespace.
    fs::read_link("/proc/self").ok()?.to_str()?.parse().ok()
}

/// The children of this process, and theirs.
///
/// Found by their parents and not by `/proc/self/task/*/children`, which may miss some while others end (proc(5)).
pub(super) fn processes() -> Vec<Process> {
    let ids = numbers("/proc").unwrap_or_default();
    let all: Vec<(u32, Stat)> =
        ids.into_iter().filter_map(|pid| Some((pid, Stat::read(&format!("/proc/{pid}/stat"))?))).collect();
    let Some(own) = main(&[]) else { return Vec::new() };
    let parents: Vec<(u32, u32)> = all.iter().map(|(pid, stat)| (*pid, stat.parent)).collect();
    let family = family(own, &parents);
    // A zombie of a child's is the child's to reap.
    let is_ours =
        |pid: u32, stat: &Stat| pid != own && family.contains(&pid) && (!stat.has_ended() || stat.parent == own);
    all.into_iter().filter(|(pid, stat)| is_ours(*pid, stat)).map(|(pid, stat)| process(pid, stat)).collect()
}

/// `own`, its children, and theirs. Each once: the list is not of one moment, and ids that were used again meanwhile may form
/// a circle.
fn family(own: u32, parents: &[(u32, u32)]) -> Vec<u32> {
    let mut family = vec![own];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        for (pid, of) in parents {
            if *of == parent && !family.contains(pid) {
                family.push(*pid);
            }
        }
        next += 1;
    }
    family
}

fn process(pid: u32, stat: Stat) -> Process {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let command = String::from_utf8_lossy(&words).trim_end_matches('\0').replace('\0', " ");
    let zombie = stat.has_ended();
    // A zombie has no command line any more.
    let command = if command.is_empty() { stat.name } else { command };
    Process { pid, parent: stat.parent, group: Some(stat.group), zombie, started: stat.started, command }
}

#[cfg(feature = "testing")]
impl Thread {
    /// Whether it is still the same thread that has the id.
    pub(crate) fn is_there(&self) -> bool {
        thread(self.tid).is_some_and(|found| found.started == self.started)
    }
}

#[cfg(feature = "testing")]
impl Process {
    /// Whether it is still the same process that has the id.
    pub(crate) fn is_there(&self) -> bool {
        Stat::read(&format!("/proc/{}/stat", self.pid)).is_some_and(|stat| stat.started == self.started)
    }
}

/// What `/proc/…/stat` says.
struct Stat {
    name: String,
    state: char,
    parent: u32,
    group: u32,
    /// The processor time, in clock ticks.
    ticks: u64,
    threads: usize,
    started: u64,
}

impl Stat {
    fn read(path: &str) -> Option<Self> {
        Self::parse(&String::from_utf8_lossy(&fs::read(path).ok()?))
    }

    fn parse(line: &str) -> Option<Self> {
        let line = StatLine::parse(line)?;
        Some(Stat {
            name: line.name.to_owned(),
            state: line.field(3)?,
            parent: line.field(4)?,
            group: line.field(5)?,
            ticks: line.field::<u64>(14)? + line.field::<u64>(15)?,
            threads: line.field(20)?,
            started: line.field(22)?,
        })
    }

    /// A zombie, or what is about to be gone.
    fn has_ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }

    fn state(&self) -> Option<ThreadState> {
        match self.state {
            'R' => Some(ThreadState::Running),
            'S' | 'I' => Some(ThreadState::Sleeping),
            'D' => Some(ThreadState::Blocked),
            'T' | 't' => Some(ThreadState::Stopped),
            _ => None,
        }
    }

    fn cpu(&self) -> Duration {
        // SAFETY: it has no preconditions.
        let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
        let per_second = u64::try_from(per_second).ok().filter(|ticks| *ticks > 0).unwrap_or(100);
        Duration::from_millis(self.ticks.saturating_mul(1000) / per_second)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::{Stat, all_of, family, threads};

    /// Of the kernel's list it is missed now and then.
    #[test]
    fn a_thread_is_found_while_older_ones_end() {
        for _ in 0..100 {
            let (go, gone) = mpsc::channel::<()>();
            let older: Vec<_> = (0..20)
                .map(|nth| {
                    let (go, goes) = mpsc::channel::<()>();
                    let ends = thread::spawn(move || {
                        let _ = goes.recv();
                        thread::sleep(Duration::from_micros(50 * nth)); // the interleaving
                    });
                    (go, ends)
                })
                .collect();
            let kept = thread::Builder::new().name("kept".to_owned());
            let (begun, begins) = mpsc::channel();
            let kept = kept.spawn(move || {
                begun.send(()).unwrap();
                let _ = gone.recv();
            });
            begins.recv().unwrap();
            let ends: Vec<_> = older.into_iter().map(|(_, ends)| ends).collect();
            while !ends.iter().all(thread::JoinHandle::is_finished) {
                assert!(threads().iter().any(|thread| thread.name == "kept"));
            }
            drop(go);
            kept.unwrap().join().unwrap();
        }
    }

    /// Two looks in a row may end at 2 while 2 and 3 end, and miss 4. The count tells that one is missing.
    #[test]
    fn it_looks_until_none_is_missed() {
        let looks = [vec![1, 2], vec![1], vec![1, 3], vec![1, 4]];
        let counts = [4, 3, 2, 2];
        let looked = Cell::new(0);
        let look = || looks[looked.get()].clone();
        let count = || Some(counts[looked.replace(looked.get() + 1)]);
        let read = |tid| (tid != 2 && tid != 3).then_some(tid);
        assert_eq!(all_of(look, count, read), [1, 4]);
        assert_eq!(looked.get(), 4);
    }

    /// Of a process that starts threads all the time, or without a count.
    #[test]
    fn it_does_not_look_for_ever() {
        let looked = Cell::new(0);
        let look = || vec![1, u32::MAX - looked.replace(looked.get() + 1)];
        assert_eq!(all_of(look, || Some(usize::MAX), |tid| (tid == 1).then_some(tid)), [1]);
        assert_eq!(looked.replace(0), 10);
        assert_eq!(all_of(look, || None, |tid| (tid == 1).then_some(tid)), [1]);
        assert_eq!(looked.get(), 1);
    }

    /// The parent of 10, which is this process, was 11 and ended; then 10 had a child whose id is 11 again.
    #[test]
    fn ids_that_were_used_again_may_form_a_circle() {
        assert_eq!(family(10, &[(10, 11), (11, 10), (12, 11), (20, 1)]), [10, 11, 12]);
    }

    #[test]
    fn a_zombie_has_ended() {
        let line = "12 (a name) Z 7 11 12 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 98765 0 0";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.name.as_str(), stat.has_ended(), stat.parent), ("a name", true, 7));
        assert_eq!((stat.group, stat.ticks, stat.threads, stat.started), (11, 11, 1, 98765));
    }
}
