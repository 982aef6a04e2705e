//! Threads, child processes and descriptors, from `/proc`.
//!
//! Ids are used again by the kernel; together with the time of the start, which `stat` has in clock ticks since boot,
//! they are not. What ends while the list is made is left out.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use super::sockets;
use super::survivors::Survivor;

/// What is not compared here.
pub(super) fn not_compared() -> Option<&'static str> {
    None
}

/// How many handles this process has open: they are descriptors, which have names.
pub(super) fn handles() -> Option<u32> {
    None
}

/// Of a process that starts threads all the time each look finds another one.
const LOOKS: usize = 10;

/// A thread of this process.
#[derive(Debug)]
pub(super) struct Thread {
    pub(super) tid: u32,
    pub(super) name: String,
    started: u64,
}

/// A child process, or one of its own.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) zombie: bool,
    started: u64,
    command: String,
}

/// A descriptor of this process.
#[derive(Debug)]
pub(super) struct Descriptor {
    pub(super) number: i32,
    pub(super) target: String,
    device: u64,
    inode: u64,
}

impl Thread {
    /// The kernel misses a thread if the one before it in the list ends meanwhile. So this looks until a look finds no
    /// more than those before it did.
    pub(super) fn all() -> Vec<Self> {
        let mut found = numbers("/proc/self/task");
        for _ in 0..LOOKS {
            let mut missed = numbers("/proc/self/task");
            missed.retain(|tid| !found.contains(tid));
            if missed.is_empty() {
                break;
            }
            found.extend(missed);
        }
        found.into_iter().filter_map(Self::find).collect()
    }

    /// Whether the two are the same thread. A thread of std's sets its own name, some time after it was started.
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.tid, self.started) == (other.tid, other.started)
    }

    /// Whether it is still the same thread that has the id.
    pub(super) fn is_there(&self) -> bool {
        Self::find(self.tid).is_some_and(|found| found.started == self.started)
    }

    fn find(tid: u32) -> Option<Self> {
        let stat = Stat::read(&format!("/proc/self/task/{tid}/stat"))?;
        Some(Thread { tid, name: stat.name, started: stat.started })
    }
}

impl Process {
    /// The children of this process, and theirs.
    ///
    /// Found by their parents and not by `/proc/self/task/*/children`, which may miss some while others end (proc(5)).
    pub(super) fn all() -> Vec<Self> {
        let all: Vec<(u32, Stat)> = numbers("/proc")
            .into_iter()
            .filter_map(|pid| Some((pid, Stat::read(&format!("/proc/{pid}/stat"))?)))
            .collect();
        // As `/proc` numbers it, which may be that of another namespace.
        let Some(own) = fs::read_link("/proc/self").ok().and_then(|own| own.to_str()?.parse().ok()) else {
            return Vec::new();
        };
        let mut family = vec![own];
        let mut next = 0;
        while let Some(&parent) = family.get(next) {
            family.extend(all.iter().filter(|(pid, stat)| stat.parent == parent && *pid != parent).map(|(pid, _)| pid));
            next += 1;
        }
        // A zombie of a child's is the child's to reap.
        let is_ours =
            |pid: u32, stat: &Stat| pid != own && family.contains(&pid) && (!stat.zombie || stat.parent == own);
        all.into_iter().filter(|(pid, stat)| is_ours(*pid, stat)).map(|(pid, stat)| Self::new(pid, stat)).collect()
    }

    fn new(pid: u32, stat: Stat) -> Self {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&words).trim_end_matches('\0').replace('\0', " ");
        // A zombie has no command line any more.
        let command = if command.is_empty() { stat.name } else { command };
        Process { pid, zombie: stat.zombie, started: stat.started, command }
    }

    /// Whether the two are the same process.
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.pid, self.started) == (other.pid, other.started)
    }

    /// Whether it is still the same process that has the id.
    pub(super) fn is_there(&self) -> bool {
        Stat::read(&format!("/proc/{}/stat", self.pid)).is_some_and(|stat| stat.started == self.started)
    }
}

impl Descriptor {
    pub(super) fn all() -> Vec<Self> {
        // The list is complete, and its own descriptor closed, before the first is looked at.
        let found = numbers("/proc/self/fd");
        found.into_iter().filter_map(Self::find).collect()
    }

    fn find(number: u32) -> Option<Self> {
        let path = format!("/proc/self/fd/{number}");
        let target = fs::read_link(&path).ok()?.to_string_lossy().into_owned();
        // Follows the link to the open file itself, whatever became of its name.
        let metadata = fs::metadata(&path).ok()?;
        Some(Descriptor { number: number.cast_signed(), target, device: metadata.dev(), inode: metadata.ino() })
    }

    /// Whether the two are the same descriptor of the same file. All anonymous inodes are one, so there the kind counts.
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.number, self.device, self.inode) == (other.number, other.device, other.inode)
            && (self.target == other.target || !self.target.starts_with("anon_inode:"))
    }
}

impl From<Thread> for Survivor {
    fn from(Thread { tid, name, .. }: Thread) -> Self {
        Survivor::Thread { name, tid }
    }
}

impl From<Process> for Survivor {
    fn from(Process { pid, zombie, command, .. }: Process) -> Self {
        Survivor::Process { command, pid, zombie }
    }
}

impl From<Descriptor> for Survivor {
    fn from(Descriptor { number, target, .. }: Descriptor) -> Self {
        let socket = sockets::describe(&target);
        Survivor::Descriptor { number, target, socket }
    }
}

/// The entries of a directory that are numbers.
fn numbers(directory: &str) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// What `/proc/…/stat` says.
struct Stat {
    name: String,
    zombie: bool,
    parent: u32,
    started: u64,
}

impl Stat {
    fn read(path: &str) -> Option<Self> {
        Self::parse(&String::from_utf8_lossy(&fs::read(path).ok()?))
    }

    /// `12 (a name) S 1 …`: the name may have brackets of its own, and what follows the last is separated by spaces.
    fn parse(line: &str) -> Option<Self> {
        let (start, rest) = line.rsplit_once(')')?;
        let (_, name) = start.split_once('(')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // proc(5) counts from 1, and the name is the second.
        let field = |number: usize| fields.get(number - 3).copied();
        Some(Stat {
            name: name.to_owned(),
            zombie: matches!(field(3)?, "Z" | "X"),
            parent: field(4)?.parse().ok()?,
            started: field(22)?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::{Stat, Thread};

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
                assert!(Thread::all().iter().any(|thread| thread.name == "kept"));
            }
            drop(go);
            kept.unwrap().join().unwrap();
        }
    }

    #[test]
    fn a_name_may_have_brackets_and_spaces() {
        let line = "12 (a) b (c) Z 7 12 12 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 98765 0 0";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.name.as_str(), stat.zombie, stat.parent, stat.started), ("a) b (c", true, 7, 98765));
    }
}
