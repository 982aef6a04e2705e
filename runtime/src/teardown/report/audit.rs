//! What of a process is still alive: a section of a report.

use std::fmt;
use std::time::Duration;

use crate::host::census::ThreadState;
use crate::teardown::report::Millis;

/// What is alive of this process at one moment, as the system lists it: threads, but the one that asks and the main one, and
/// child processes with theirs. Made by [`registry::audit`](crate::registry::audit).
///
/// `Display` prints a line for each; those that are alike have one:
///
/// ```text
/// still alive: 3 threads, 1 not tracked by sundown; 1 child process, 1 not tracked by sundown
/// |- thread `mailer` (tid 4242)       running   1.2 s CPU    Thread `mailer` (src/main.rs:31:16), stopping
/// |- thread `asyncio_0` (tid 4243)    sleeping  10.0 ms CPU  not tracked by sundown: the default executor of an asyncio loop
/// |- thread `sundown-sig` (tid 4240)  sleeping  0.0 ms CPU   sundown's own: hears the signals
/// `- process `sleep 60` (pid 4250)    not tracked by sundown
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[must_use = "it says what is still alive"]
pub struct Audit {
    threads: Vec<AuditThread>,
    processes: Vec<AuditProcess>,
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
        Audit { threads, processes, not_listed: None }
    }

    pub(crate) fn not_listed(why: &'static str) -> Self {
        Audit { threads: Vec::new(), processes: Vec::new(), not_listed: Some(why) }
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

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = self.not_listed {
            return write!(f, "still alive: {why}");
        }
        let count = |many: usize, one: &str, several: &str, untracked: usize| {
            let count = match many {
                0 => return format!("no {one}"),
                1 => format!("1 {one}"),
                many => format!("{many} {several}"),
            };
            if untracked == 0 { count } else { format!("{count}, {untracked} not tracked by sundown") }
        };
        let untracked = self.threads.iter().filter(|thread| thread.origin.is_untracked()).count();
        let threads = count(self.threads.len(), "other thread", "other threads", untracked);
        let untracked = self.processes.iter().filter(|process| process.origin.is_untracked()).count();
        let processes = count(self.processes.len(), "child process", "child processes", untracked);
        write!(f, "still alive: {threads}; {processes}")?;

        let lines: Vec<(String, String)> = thread_lines(&self.threads).chain(self.processes.iter().map(line)).collect();
        let width = lines.iter().map(|(what, _)| what.chars().count()).max().unwrap_or(0);
        for (nth, (what, rest)) in lines.iter().enumerate() {
            let branch = if nth + 1 == lines.len() { "`-" } else { "|-" };
            write!(f, "\n{branch} {what:width$}  {rest}")?;
        }
        Ok(())
    }
}

/// A line for those that are alike: the workers of a runtime are many.
fn thread_lines(threads: &[AuditThread]) -> impl Iterator<Item = (String, String)> {
    let mut alike: Vec<(&AuditThread, usize, Duration)> = Vec::new();
    for thread in threads {
        let is_like = |other: &AuditThread| {
            (&other.name, other.state, &other.origin) == (&thread.name, thread.state, &thread.origin)
        };
        match alike.iter_mut().find(|(other, ..)| is_like(other)) {
            Some((_, count, cpu)) => {
                *count += 1;
                *cpu += thread.cpu;
            }
            None => alike.push((thread, 1, thread.cpu)),
        }
    }
    alike.into_iter().map(|(thread, count, cpu)| {
        let name = &thread.name;
        let what = match count {
            1 => format!("thread `{name}` (tid {})", thread.tid),
            count => format!("{count} threads `{name}`"),
        };
        let state = thread.state.map_or_else(String::new, |state| format!("{state:8}  "));
        (what, format!("{state}{:>8} CPU  {}", Millis(cpu).to_string(), thread.origin))
    })
}

fn line(process: &AuditProcess) -> (String, String) {
    const LONGEST: usize = 60;
    let mut command = process.command.replace(char::is_control, " ");
    if let Some((cut, _)) = command.char_indices().nth(LONGEST) {
        command.truncate(cut);
        command.push('…');
    }
    let ended = if process.zombie { "has ended, and nobody has waited for it; " } else { "" };
    (format!("process `{command}` (pid {})", process.pid), format!("{ended}{}", process.origin))
}
