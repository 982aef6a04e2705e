//! What became of the steps of a value, as the reports of all its owners share it.
//!
//! Each guarded value keeps a report of its own, for a later shutdown of it. With a copy of what is below it,
//! 10,000 leaves below 50 guarded values would take 226 MB instead of 10, and the time would be quadratic in the depth.
//! So a report has its steps by reference, with the instants at which they were requested; a
//! [`StepReport`](crate::StepReport), which counts from the start of the one report that it is in, and has its path
//! there, is made when somebody looks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::driver::Name;
use crate::teardown::Outcome;

/// The steps of one value, or the parts of one step.
#[derive(Clone, Debug)]
pub(crate) struct Within {
    /// The path of that value, or step, with which theirs begin.
    pub(super) path: Name,
    pub(super) steps: Arc<Vec<Ended>>,
}

/// What became of one step, and of the steps within it.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(super) name: Name,
    pub(super) outcome: Outcome,
    pub(super) requested: Option<Instant>,
    pub(super) forced: Option<Instant>,
    pub(super) took: Duration,
    pub(super) detail: Option<String>,
    pub(super) within: Within,
}

impl Within {
    pub(super) fn none(path: Name) -> Self {
        Within { path, steps: Arc::default() }
    }
}

impl Ended {
    /// Of a shutdown that is written by hand.
    pub(super) fn by_hand(name: Name, outcome: Outcome, took: Duration) -> Self {
        Ended { within: Within::none(name.clone()), name, outcome, requested: None, forced: None, took, detail: None }
    }
}
