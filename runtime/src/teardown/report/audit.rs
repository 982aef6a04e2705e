//! What of a process is still alive: a section of a report.

mod display;
mod interpreter;

use std::fmt;
use std::time::Duration;

pub use interpreter::InterpreterThread;

use crate::host::census::ThreadState;

/// What is alive of this process at one moment, as the system lists it: threads, but the one that asks and the main one, and
/// child processes with theirs. Made by [`registry::audit`](crate::registry::audit).
///
/// `Display` prints a line for each; those that are alike have one:
///
/// ```text
/// still alive: 3 threads, 1 not tracked by sundown; 1 child process, 1 not tracked by sundown
/// |- thread `mailer` (tid 4242)       running   1.2 s CPU    Thread `mailer` (src/main.rs:31:16), stopping
/// |- thread `crawler` (tid 4243)      sleeping  10.0 ms CPU  not tracked by sundown; daemon, at /srv/crawl.py:31 in fetch
/// |- thread `sundown-sig` (tid 4240)  sleeping  0.0 ms CPU   sundown's own: hears the signals
/// `- process `sleep 60` (pid 4250)    not tracked by sundown
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[must_use = "it says what is still alive"]
pub struct Audit {
    threads: Vec<AuditThread>,
    processes: Vec<AuditProcess>,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    unlisted: Vec<InterpreterThread>,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    not_listed: Option<&'static str>,
}

/// A thread of this process.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct AuditThread {
    /// Its name; on Linux the first 15 bytes. A thread without one has that of the thread that has started it there.
    pub name: String,
    /// Its id, as in `/proc/self/task`, or as macOS and Windows have it.
    pub tid: u32,
    /// What it does; none where the system does not tell, as on Windows.
    pub state: Option<ThreadState>,
    /// The processor time that it has used. On Linux in steps of 10 ms.
    pub cpu: Duration,
    /// What an interpreter says of it: in an audit by `sundown_python::audit`, of a thread that Python knows.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub interpreter: Option<InterpreterThread>,
    /// Whose it is.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub origin: Origin,
}

/// A child process, or one of its own.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct AuditProcess {
    /// Its command line; its name where that is empty, and on macOS and Windows.
    pub command: String,
    /// Its id.
    pub pid: u32,
    /// Whether it has ended, and nobody has waited for it.
    pub zombie: bool,
    /// Whose it is.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub origin: Origin,
}

/// Whose a thread or a child process is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(tag = "origin", rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Origin {
    /// It works for something that sundown knows, or is a part of it.
    #[non_exhaustive]
    Tracked {
        /// What the registry calls that, where it was made, and its state there.
        by: String,
    },
    /// It is sundown's own.
    #[non_exhaustive]
    Sundown {
        /// What it does.
        what: &'static str,
    },
    /// sundown does not track it.
    #[non_exhaustive]
    Untracked {
        /// What its name says of it.
        hint: Option<String>,
    },
}

impl Audit {
    pub(crate) fn new(threads: Vec<AuditThread>, processes: Vec<AuditProcess>) -> Self {
        Audit { threads, processes, unlisted: Vec::new(), not_listed: None }
    }

    pub(crate) fn not_listed(why: &'static str, unlisted: Vec<InterpreterThread>) -> Self {
        Audit { threads: Vec::new(), processes: Vec::new(), unlisted, not_listed: Some(why) }
    }

    pub(crate) fn with_unlisted(mut self, unlisted: Vec<InterpreterThread>) -> Self {
        self.unlisted = unlisted;
        self
    }

    /// The threads, oldest first.
    #[must_use]
    pub fn threads(&self) -> &[AuditThread] {
        &self.threads
    }

    /// The child processes, oldest first.
    #[must_use]
    pub fn processes(&self) -> &[AuditProcess] {
        &self.processes
    }

    /// Threads that an interpreter knows, and of which it is not known which of the system's they are: in Python those that
    /// `_thread.start_new_thread` has made. On a system that cannot be asked, all that the interpreter knows.
    #[must_use]
    pub fn unlisted(&self) -> &[InterpreterThread] {
        &self.unlisted
    }

    /// Whether there is anything but sundown's own threads.
    #[must_use]
    pub fn has_others(&self) -> bool {
        let is_own = |thread: &AuditThread| matches!(thread.origin, Origin::Sundown { .. });
        !self.threads.iter().all(is_own) || !self.processes.is_empty() || !self.unlisted.is_empty()
    }

    /// Why the lists are empty, on a system that cannot be asked.
    #[must_use]
    pub fn why_not_listed(&self) -> Option<&'static str> {
        self.not_listed
    }
}

impl Origin {
    /// Whether sundown does not track it: nothing in the registry has it.
    #[must_use]
    pub fn is_untracked(&self) -> bool {
        matches!(self, Origin::Untracked { .. })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Tracked { by } => f.write_str(by),
            Origin::Sundown { what } => write!(f, "sundown's own: {what}"),
            Origin::Untracked { hint: None } => f.write_str("not tracked by sundown"),
            Origin::Untracked { hint: Some(hint) } => write!(f, "not tracked by sundown: {hint}"),
        }
    }
}
