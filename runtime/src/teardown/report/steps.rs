//! The steps of a report, made when somebody looks at them.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::StepReport;
use crate::driver::Name;
use crate::teardown::tree::{Ended, Within};
use crate::teardown::{Outcome, Progress};

/// The steps of a report.
pub(super) struct Steps {
    started: Instant,
    /// The path of what the report is of.
    path: Name,
    shared: Within,
    /// Made when somebody looks.
    made: OnceLock<Vec<StepReport>>,
}

/// For those who look: the report that a value keeps has nothing but the reference.
impl Clone for Steps {
    fn clone(&self) -> Self {
        Steps::new(self.started, self.path.clone(), self.shared.clone())
    }
}

impl Steps {
    fn new(started: Instant, path: Name, shared: Within) -> Self {
        Steps { started, path, shared, made: OnceLock::new() }
    }

    pub(super) fn none(path: Name) -> Self {
        Steps::new(Instant::now(), path.clone(), Within::none(path))
    }

    pub(super) fn of(progress: &Progress, started: Instant, now: Instant) -> Self {
        Steps::new(started, progress.name.clone(), progress.ended_within(now))
    }

    pub(super) fn push(&mut self, step: Ended) {
        Arc::make_mut(&mut self.shared.steps).push(step);
        self.made = OnceLock::new();
    }

    /// Below another path.
    pub(super) fn moved(self, to: &Name) -> Self {
        if self.path == *to { self } else { Steps::new(self.started, to.clone(), self.shared) }
    }

    pub(super) fn shared(&self) -> &Within {
        &self.shared
    }

    pub(super) fn are_stopped(&self) -> bool {
        self.shared.steps.iter().all(|step| step.outcome.is_stopped())
    }

    /// The worst.
    pub(super) fn outcome(&self) -> Outcome {
        let outcomes = self.shared.steps.iter().map(|step| step.outcome.clone());
        outcomes.fold(Outcome::Stopped, Outcome::worse).moved(&self.shared.path, &self.path)
    }

    pub(super) fn reports(&self) -> &[StepReport] {
        self.made.get_or_init(|| make(&self.shared, &self.path, self.started))
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.reports(), f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Steps {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.reports().serialize(serializer)
    }
}

// The recursion over the tree is a loop over a vector, with whatever else it does in a function of its own: a level
// costs stack, and an adapter more than all the rest.

fn make(within: &Within, name: &Name, started: Instant) -> Vec<StepReport> {
    let mut reports = Vec::with_capacity(within.steps.len());
    for step in &*within.steps {
        let (name, outcome) = moved(step, within, name);
        let steps = make(&step.within, &name, started);
        reports.push(StepReport::of(step, name, outcome, steps, started));
    }
    reports
}

#[inline(never)]
fn moved(step: &Ended, within: &Within, name: &Name) -> (Name, Outcome) {
    let outcome = step.outcome.clone().moved(&within.path, name);
    let name = if within.path == *name { step.name.clone() } else { step.name.moved(&within.path, name) };
    (name, outcome)
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::teardown::Report;

    /// An owner of a value that has ended, with a step that was requested 2 s after the owner and 1 s after the value:
    /// it was shut down by itself, under the name of its type.
    #[test]
    fn an_owner_shares_the_steps_of_a_value_within_and_counts_from_its_own_start() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let ended = |name: &'static str, requested| {
            let mut progress = Progress::new(name);
            progress.requested = Some(at(requested));
            progress.finish(Outcome::Stopped, at(3));
            progress
        };
        let mut inner = ended("Inner", 1);
        inner.children.push(ended("Inner.step", 2));
        let inner = Report::of(&inner, None, None, at(3));
        assert_eq!(inner.steps()[0].requested_after(), Some(Duration::from_secs(1)));

        let mut field = ended("Outer.field", 1);
        let _ = inner.clone().into_step(&mut field);
        let mut outer = ended("Outer", 0);
        outer.children.push(field);
        let outer = Report::of(&outer, None, None, at(3));
        let shared = &outer.steps.shared().steps[0].within;
        assert!(Arc::ptr_eq(&shared.steps, &inner.steps.shared().steps), "no copy");
        let step = outer.find("Outer.field.step").unwrap();
        assert_eq!((step.requested_after(), step.took()), (Some(Duration::from_secs(2)), Duration::from_secs(1)));
        assert!(outer.moved(&Name::from("Whole.outer")).find("Whole.outer.field.step").is_some());
    }
}
