//! What runs, as the system lists it: the threads of this process, and its child processes.
//!
//! | | threads | child processes |
//! |---|---|---|
//! | Linux | `/proc/self/task` | `/proc`, by their parents |
//! | macOS | the Mach task | libproc, by their parents |
//! | Windows | a Toolhelp snapshot | a Toolhelp snapshot, by their parents |
//! | elsewhere | not listed | not listed |
//!
//! Ids are used again by the system; together with the time of the start they are not. What ends while a list is made is
//! left out.

#[cfg(target_os = "macos")]
mod macos;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod none;
#[cfg(target_os = "linux")]
mod procfs;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "macos")]
use macos as os;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
use none as os;
#[cfg(target_os = "linux")]
use procfs as os;
#[cfg(windows)]
use windows as os;

use std::fmt;
use std::time::Duration;

pub(crate) use os::NOT_LISTED;

/// A thread of this process.
#[derive(Debug)]
#[cfg_attr(not(any(target_os = "linux", target_os = "macos", windows)), allow(dead_code, reason = "there are none"))]
pub(crate) struct Thread {
    /// Its id, as in `/proc/self/task`, or as macOS and Windows have it.
    pub(crate) tid: u32,
    /// Its name; on Linux the first 15 bytes.
    pub(crate) name: String,
    /// What it does, where the system tells.
    pub(crate) state: Option<ThreadState>,
    /// The processor time that it has used.
    pub(crate) cpu: Duration,
    started: u64,
}

/// A child process, or one of its own.
#[derive(Debug)]
#[cfg_attr(not(any(target_os = "linux", target_os = "macos", windows)), allow(dead_code, reason = "there are none"))]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    /// Its process group, where there are such.
    pub(crate) group: Option<u32>,
    /// Whether it has ended, and nobody has waited for it.
    pub(crate) zombie: bool,
    /// Its command line; its name where that is empty, and on macOS and Windows.
    pub(crate) command: String,
    started: u64,
}

/// What a thread does, as the system says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ThreadState {
    /// On a processor, or ready for one.
    Running,
    /// Waits for something: a lock, a timer, a socket.
    Sleeping,
    /// Waits in the kernel, where no signal reaches it: for a disk, as a rule.
    Blocked,
    /// Stopped by a signal or a debugger.
    Stopped,
}

impl fmt::Display for ThreadState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ThreadState::Running => "running",
            ThreadState::Sleeping => "sleeping",
            ThreadState::Blocked => "blocked",
            ThreadState::Stopped => "stopped",
        })
    }
}

impl Thread {
    /// All of them; none where the system does not list them.
    pub(crate) fn all() -> Vec<Self> {
        os::threads()
    }

    /// All but the caller's and the main one, oldest first; and the name of the main one, which those without a name of
    /// their own have on Linux. None where the system does not list them.
    pub(crate) fn others() -> Option<(Vec<Self>, String)> {
        let mut threads = Self::all();
        let (caller, main) = (os::caller()?, os::main(&threads)?);
        let name = threads.iter().find(|thread| thread.tid == main)?.name.clone();
        threads.retain(|thread| ![caller, main].contains(&thread.tid));
        threads.sort_by_key(|thread| (thread.started, thread.tid));
        Some((threads, name))
    }

    /// Whether the two are the same thread. A thread of std's sets its own name, some time after it was started.
    #[cfg(feature = "testing")]
    pub(crate) fn is(&self, other: &Self) -> bool {
        (self.tid, self.started) == (other.tid, other.started)
    }
}

impl Process {
    /// The children of this process, and theirs, oldest first; none where the system does not list them.
    pub(crate) fn all() -> Vec<Self> {
        let mut processes = os::processes();
        processes.sort_by_key(|process| (process.started, process.pid));
        processes
    }

    #[cfg(all(test, not(sundown_loom)))]
    pub(crate) fn for_test(pid: u32, parent: u32, group: u32) -> Self {
        Process { pid, parent, group: Some(group), zombie: false, command: String::new(), started: 0 }
    }

    /// Whether the two are the same process.
    #[cfg(feature = "testing")]
    pub(crate) fn is(&self, other: &Self) -> bool {
        (self.pid, self.started) == (other.pid, other.started)
    }
}
