//! The phases of a shutdown, and how much of the budget each one had.

use std::fmt;
use std::time::{Duration, Instant};

use crate::observe;
use crate::plan::Spec;
use crate::teardown::Report;
use crate::teardown::report::Millis;

/// One phase of a shutdown: how long it took, and its share of the budget.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PhaseReport {
    name: &'static str,
    took: Duration,
    share: Duration,
}

impl PhaseReport {
    /// `not ready`, `stop accepting`, `drain` or `stop`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How long it took.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// The most that it could have when the phases before it were over: what one leaves is for those behind it. A second
    /// signal shortens what was left then, see [`Root::forced_within`](crate::Root::forced_within).
    #[must_use]
    pub fn share(&self) -> Duration {
        self.share
    }
}

impl fmt::Display for PhaseReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:14}  {:>8}", self.name, Millis(self.took).to_string())?;
        if self.share.is_zero() { Ok(()) } else { write!(f, " of {}", Millis(self.share)) }
    }
}

/// The phases of one shutdown, while it runs.
pub(super) struct Phases {
    begun: Instant,
    grace: Duration,
    unready: Option<(Duration, Option<Duration>)>,
    /// What was left when the plan began, and how much of it is for the drain.
    plan: (Duration, Duration),
}

impl Phases {
    pub(super) fn begin(grace: Duration) -> Self {
        // A grace that nobody lives to see is none, and still has a place on the clock.
        let grace = grace.min(crate::driver::FOREVER);
        Phases { begun: Instant::now(), grace, unready: None, plan: (grace, grace) }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.begun + self.grace
    }

    pub(super) fn left(&self) -> Duration {
        self.deadline().saturating_duration_since(Instant::now())
    }

    /// Until when the service is to serve although it is not ready.
    pub(super) fn unready(&mut self, wait: Duration) -> Instant {
        let half = self.grace / 2;
        let wait = if wait < self.grace {
            wait
        } else {
            let (wait, grace) = (Millis(wait), Millis(self.grace));
            observe::complain(&format!(
                "`unready_for` ({wait}) leaves nothing of the grace ({grace}): it is half of the grace"
            ));
            half
        };
        self.unready = Some((wait, None));
        self.begun + wait
    }

    pub(super) fn unready_ended(&mut self) {
        if let Some((_, took)) = &mut self.unready {
            *took = Some(Instant::now() - self.begun);
        }
    }

    /// The plan begins: `drain` says how much of what is left the steps in front have.
    pub(super) fn divide(&mut self, drain: impl FnOnce(Duration) -> Duration) {
        let left = self.left();
        self.plan = (left, drain(left));
    }

    /// As the report of the plan says.
    pub(super) fn end(self, spec: &Spec, report: &Report) -> Vec<PhaseReport> {
        let (mut requested, mut drained) = (Duration::ZERO, Duration::ZERO);
        for (step, spec) in report.steps().iter().zip(spec.steps) {
            if let Some(after) = step.requested_after().filter(|_| spec.after.is_empty()) {
                requested = requested.max(after);
                drained = drained.max(after + step.took());
            }
        }
        let (left, drain) = self.plan;
        let mut phases = Vec::with_capacity(4);
        if let Some((share, took)) = self.unready {
            phases.push(PhaseReport { name: "not ready", took: took.unwrap_or_default(), share });
        }
        let stop = report.took().saturating_sub(drained);
        phases.extend([
            PhaseReport { name: "stop accepting", took: requested, share: Duration::ZERO },
            PhaseReport { name: "drain", took: drained.saturating_sub(requested), share: drain },
            PhaseReport { name: "stop", took: stop, share: left.saturating_sub(drained) },
        ]);
        phases
    }
}
