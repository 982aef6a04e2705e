//! What is left, and the text that says so.

use std::fmt;
use std::mem::{Discriminant, discriminant};
use std::panic::Location;
use std::time::Duration;

use super::os::not_compared;
use crate::host::census::{Process, Thread};
use crate::teardown::report::Millis;
use crate::value::registry::Row;

/// What tokio calls its threads if nothing else was said.
const WORKER: &str = "tokio-rt-worker";

/// What a [`LeakCheck`](super::LeakCheck) found. `Display` is a line for each.
#[derive(Clone, Debug)]
#[must_use = "it says what was leaked"]
pub struct Survivors {
    list: Vec<Survivor>,
    made: &'static Location<'static>,
    waited: Duration,
}

/// Something that runs, or exists, and did not when the check was made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Survivor {
    /// A thread of this process.
    #[non_exhaustive]
    Thread {
        /// Its name; on Linux the first 15 bytes.
        name: String,
        /// Its id, as in `/proc/self/task`, or as macOS and Windows have it.
        tid: u32,
    },
    /// A child process, or one of its own.
    #[non_exhaustive]
    Process {
        /// Its command line; its name where that is empty, and on macOS and Windows.
        command: String,
        /// Its id.
        pid: u32,
        /// Whether it has ended, and nobody has waited for it.
        zombie: bool,
    },
    /// A file descriptor.
    #[non_exhaustive]
    Descriptor {
        /// Its number.
        number: i32,
        /// What it leads to, as in `/proc/self/fd`: a path, `socket:[123]`, `anon_inode:[eventpoll]`.
        target: String,
        /// The protocol and the addresses of a socket.
        socket: Option<String>,
    },
    /// A guarded value or a handle in the registry.
    Registered(Row),
    /// Handles of Windows', which have no names.
    #[non_exhaustive]
    Handles {
        /// How many more are open.
        count: u32,
    },
    /// Tasks of the runtime that the check was made in.
    #[non_exhaustive]
    Tasks {
        /// How many more there are.
        count: usize,
    },
}

impl Survivors {
    pub(super) fn new(list: Vec<Survivor>, made: &'static Location<'static>, waited: Duration) -> Self {
        Survivors { list, made, waited }
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many are left; tasks count as one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// What is left: values and handles of ours, tasks, threads, processes, descriptors.
    pub fn iter(&self) -> std::slice::Iter<'_, Survivor> {
        self.list.iter()
    }
}

impl<'a> IntoIterator for &'a Survivors {
    type Item = &'a Survivor;
    type IntoIter = std::slice::Iter<'a, Survivor>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Survivors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Survivors { list, made, waited } = self;
        if list.is_empty() {
            write!(f, "nothing survived the leak check made at {made}")?;
            return not_compared().map_or(Ok(()), |what| write!(f, "\nnote: {what}"));
        }
        write!(f, "{} left by what ran since the leak check at {made} (waited {})", list.len(), Millis(*waited))?;
        list.iter().try_for_each(|survivor| write!(f, "\n- {survivor}"))?;
        let mut said = Vec::new();
        for survivor in list {
            if !said.contains(&survivor.kind()) {
                said.push(survivor.kind());
                write!(f, "\nhelp: {}", survivor.remedy())?;
            }
        }
        if let Some(what) = not_compared() {
            write!(f, "\nnote: {what}")?;
        }
        f.write_str(
            "\nnote: a test that runs beside this one in the same process looks like a leak: use `--test-threads=1`, or \
             cargo nextest",
        )
    }
}

impl Survivor {
    /// What has one remedy; and whether it is tokio's.
    fn kind(&self) -> (Discriminant<Self>, bool) {
        (discriminant(self), matches!(self, Survivor::Thread { name, .. } if name == WORKER))
    }

    /// What is to be done about it, and about others of its kind.
    fn remedy(&self) -> String {
        match self {
            Survivor::Thread { name, .. } if name == WORKER => {
                "shut the runtime down before the check ends, or `ignore_threads(\"tokio-rt-worker\")`; idle threads of \
                 `spawn_blocking` end after ten seconds, or after `Builder::thread_keep_alive`"
                    .to_owned()
            }
            Survivor::Thread { name, .. } => format!("join the thread, or `ignore_threads(\"{name}\")`"),
            Survivor::Process { .. } => "kill the process and `wait` for it".to_owned(),
            Survivor::Descriptor { target, .. } => {
                format!("close the descriptor, or `ignore_descriptors(\"{target}\")`")
            }
            Survivor::Registered(_) => {
                "`shutdown().await` the value before the check ends, or drop the last handle".to_owned()
            }
            Survivor::Handles { .. } => {
                "close the handles; use what Windows opens once and keeps before the check, or \
                 `ignore_descriptors(\"handles\")`"
                    .to_owned()
            }
            Survivor::Tasks { .. } => {
                "await or abort the tasks; in async code end with `assert_none_async`, so that they can run".to_owned()
            }
        }
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

impl fmt::Display for Survivor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Survivor::Thread { name, tid } => write!(f, "thread `{name}` (tid {tid})"),
            Survivor::Process { command, pid, zombie: false } => write!(f, "process `{command}` (pid {pid})"),
            Survivor::Process { command, pid, zombie: true } => {
                write!(f, "process `{command}` (pid {pid}) has ended and was not waited for")
            }
            Survivor::Descriptor { number, target, socket: None } => write!(f, "descriptor {number}: {target}"),
            Survivor::Descriptor { number, target, socket: Some(socket) } => {
                write!(f, "descriptor {number}: {target}, {socket}")
            }
            Survivor::Registered(Row { name, created, phase, kind, .. }) => {
                write!(f, "{kind} `{name}` in the registry ({phase}), created at {created}")
            }
            Survivor::Handles { count } => write!(f, "handles: {count} more than before"),
            Survivor::Tasks { count } => write!(f, "tokio tasks: {count} more than before"),
        }
    }
}
