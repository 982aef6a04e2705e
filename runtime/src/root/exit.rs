//! What `main` returns.

use std::fmt;
use std::process::{ExitCode, Termination};

use super::{PhaseReport, StopReason};
use crate::teardown::{Outcome, Report};

/// How a process ended that a [`Root`](crate::Root) has run. `main` returns it: `fn main() -> Exit`.
///
/// `Display` prints the reason, the code, the phases and the report.
#[derive(Clone, Debug)]
#[must_use = "return it from `main`, so that it becomes the exit code"]
pub struct Exit {
    code: u8,
    reason: StopReason,
    is_forced: bool,
    report: Option<Report>,
    phases: Vec<PhaseReport>,
}

impl Exit {
    /// Something has failed: a step of the shutdown, or what stopped the service.
    pub const FAILED: u8 = 1;
    /// A step had to be forced.
    pub const FORCED: u8 = 3;
    /// A step still runs, or the shutdown did not return.
    pub const ABANDONED: u8 = 4;
    /// The start has failed.
    pub const START_FAILED: u8 = 5;
    /// Something has panicked: as a Rust program does whose main thread panics.
    pub const PANICKED: u8 = 101;

    pub(super) fn new(
        reason: StopReason,
        report: Option<Report>,
        phases: Vec<PhaseReport>,
        is_forced: bool,
        signal_codes: bool,
    ) -> Self {
        let worst = report.as_ref().map_or(Outcome::Stopped, Report::outcome);
        let code = match (&reason, &worst) {
            (StopReason::StartPanicked(_), _) => Exit::PANICKED,
            (StopReason::StartFailed(_), _) => Exit::START_FAILED,
            (StopReason::Ended(ended), _) if ended.fails_all() => match ended.outcome() {
                Outcome::Panicked { .. } => Exit::PANICKED,
                _ => Exit::FAILED,
            },
            (_, Outcome::Panicked { .. }) => Exit::PANICKED,
            (_, Outcome::Abandoned { .. }) => Exit::ABANDONED,
            (_, Outcome::Failed(_)) => Exit::FAILED,
            (_, Outcome::Forced) => Exit::FORCED,
            (StopReason::Signal { number, .. }, Outcome::Stopped) if signal_codes => 128 + number,
            (_, Outcome::Stopped) => 0,
        };
        Exit { code, reason, is_forced, report, phases }
    }

    /// The exit code: 0 after a clean shutdown, else one of the constants, or 128 + signal where that was asked for. What
    /// stopped the service counts before what became of its steps. A step that has failed or panicked counts whatever its
    /// `on_end` says: [`OnEnd::Ignore`](crate::OnEnd::Ignore) lets the service run on, and its report has it all the same.
    #[must_use]
    pub fn code(&self) -> u8 {
        self.code
    }

    /// Why the service was stopped.
    #[must_use]
    pub fn reason(&self) -> &StopReason {
        &self.reason
    }

    /// Whether a second signal or [`Lifecycle::force`](crate::Lifecycle::force) has forced the shutdown.
    #[must_use]
    pub fn is_forced(&self) -> bool {
        self.is_forced
    }

    /// What became of every step. None if nothing was left of a start that failed.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    /// The phases of the shutdown, in their order. Empty if the service was not up.
    #[must_use]
    pub fn phases(&self) -> &[PhaseReport] {
        &self.phases
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stopped: {}; exit code {}", self.reason.to_string().replace('\n', " "), self.code)?;
        if self.is_forced {
            f.write_str(", forced")?;
        }
        for phase in &self.phases {
            write!(f, "\n   {phase}")?;
        }
        match &self.report {
            Some(report) => write!(f, "\n{report}"),
            None => Ok(()),
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        self.into()
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code)
    }
}
