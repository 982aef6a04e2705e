//! How a run ended.

use std::fmt;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::scenario::Scenario;

/// What the kernel says of a process that has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    Code(i32),
    Signal(i32),
}

const SIGNALS: &[(i32, &str)] = &[
    (2, "SIGINT"),
    (4, "SIGILL"),
    (5, "SIGTRAP"),
    (6, "SIGABRT"),
    (7, "SIGBUS"),
    (8, "SIGFPE"),
    (9, "SIGKILL"),
    (11, "SIGSEGV"),
    (13, "SIGPIPE"),
    (15, "SIGTERM"),
];

impl FromStr for Ending {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some((number, _)) = SIGNALS.iter().find(|(_, name)| *name == text) {
            return Ok(Ending::Signal(*number));
        }
        Ok(Ending::Code(text.parse().with_context(|| format!("`{text}` is no exit code and no signal"))?))
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Code(code) => write!(f, "exit code {code}"),
            Ending::Signal(number) => match SIGNALS.iter().find(|(known, _)| known == number) {
                Some((_, name)) => f.write_str(name),
                None => write!(f, "signal {number}"),
            },
        }
    }
}

impl From<ExitStatus> for Ending {
    fn from(status: ExitStatus) -> Self {
        status.code().map_or_else(|| Ending::Signal(status.signal().unwrap_or_default()), Ending::Code)
    }
}

/// What a run was.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Class {
    Clean,
    Abort,
    Segfault,
    /// It died of another signal than the expected one.
    Signal,
    /// It had not ended when the patience had.
    Hang,
    /// It exited with another code, or did not print what it prints when everything has worked.
    Wrong,
    /// It printed to stderr what its header does not declare.
    Noisy,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Class::Clean => "clean",
            Class::Abort => "abort",
            Class::Segfault => "segfault",
            Class::Signal => "signal",
            Class::Hang => "hang",
            Class::Wrong => "wrong",
            Class::Noisy => "noisy",
        })
    }
}

/// One run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) class: Class,
    /// From the end of the main module to the end of the process, where the former was reached.
    pub(crate) exit_time: Option<Duration>,
    /// How it ended and what it has printed to stderr, unless it was clean.
    pub(crate) findings: Option<String>,
}

/// What a run was: `ending` is none when it had to be killed, `stdout` without the mark of the end.
pub(crate) fn class(scenario: &Scenario, ending: Option<Ending>, stdout: &str, stderr: &str) -> Class {
    match ending {
        None => Class::Hang,
        Some(ending) if ending == scenario.ending => {
            if !stdout.lines().eq(&scenario.stdout) {
                Class::Wrong
            } else if !scenario.expects(stderr) {
                Class::Noisy
            } else {
                Class::Clean
            }
        }
        Some(Ending::Signal(6)) => Class::Abort,
        Some(Ending::Signal(11)) => Class::Segfault,
        Some(Ending::Signal(_)) => Class::Signal,
        Some(Ending::Code(_)) => Class::Wrong,
    }
}
