//! What became of a teardown: a tree of steps.

pub(crate) mod audit;
mod steps;
#[cfg(feature = "svg")]
mod svg;

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use crate::driver::{FOREVER, Name};
use crate::teardown::tree::Ended;
use crate::teardown::{Outcome, Progress};
use audit::Audit;
use steps::Steps;

/// What became of a whole teardown.
///
/// `Display` prints the tree:
///
/// ```text
/// Runner abandoned after 2.1 s (limit 3.0 s), created at src/main.rs:31:16
/// |- Runner.stop    stopped     0.0 ms
/// |- Runner.jobs    forced      1.0 s   requested at 0.1 ms; aborted `import` (src/jobs.rs:12:9)
/// `- Runner.db      stopped     3.2 ms  requested at 1.0 s
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Report {
    name: Name,
    #[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))]
    created: Option<&'static Location<'static>>,
    limit: Option<Duration>,
    /// The limit at first, if a later caller has lowered it.
    lowered_from: Option<Duration>,
    took: Duration,
    steps: Steps,
    /// Boxed: few reports have one.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    audit: Option<Box<Audit>>,
}

/// What became of one step, and of the steps within it.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct StepReport {
    name: Name,
    #[cfg_attr(feature = "serde", serde(flatten))]
    outcome: Outcome,
    requested_after: Option<Duration>,
    forced_after: Option<Duration>,
    took: Duration,
    detail: Option<String>,
    steps: Vec<StepReport>,
}

impl Report {
    /// A report without steps, for a shutdown that is written by hand; see [`step`](Self::step) and
    /// [`ShutdownGuard::finish`](crate::ShutdownGuard::finish).
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        let name = Name::from(name.into());
        let steps = Steps::none(name.clone());
        Report { name, created: None, limit: None, lowered_from: None, took: Duration::ZERO, steps, audit: None }
    }

    /// Adds a step that ended with `outcome` and took `took`; the report's own time is that of the longest.
    pub fn step(mut self, name: impl Into<Cow<'static, str>>, outcome: Outcome, took: Duration) -> Self {
        self.took = self.took.max(took);
        self.steps.push(Ended::by_hand(Name::from(name.into()), outcome, took));
        self
    }

    /// Sets how long the whole took.
    pub fn taking(mut self, took: Duration) -> Self {
        self.took = took;
        self
    }

    /// Adds what was still alive afterwards, as a section of its own: see [`registry::audit`](crate::registry::audit).
    pub fn with_audit(mut self, audit: Audit) -> Self {
        self.audit = Some(Box::new(audit));
        self
    }

    /// The same, of something that has a name of its own.
    #[cfg(feature = "tokio")]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Name::from(name.into());
        self
    }

    #[doc(hidden)]
    pub fn of(
        progress: &Progress,
        created: Option<&'static Location<'static>>,
        limit: Option<Duration>,
        now: Instant,
    ) -> Self {
        let start = progress.requested.unwrap_or(now);
        Report {
            name: progress.name.clone(),
            created,
            // A limit that nobody lives to see is none.
            limit: limit.filter(|limit| *limit < FOREVER),
            lowered_from: None,
            took: progress.ended.unwrap_or(now).saturating_duration_since(start),
            steps: Steps::of(progress, start, now),
            audit: None,
        }
    }

    /// A later caller has lowered the limit.
    pub(crate) fn lowered_to(mut self, limit: Duration) -> Self {
        self.lowered_from = Some(self.limit.replace(limit).unwrap_or(Duration::MAX));
        self
    }

    /// Under another path: see [`Progress::rename`].
    pub(crate) fn moved(mut self, to: &Name) -> Self {
        self.steps = self.steps.moved(to);
        self.name = to.clone();
        self
    }

    /// As a step of the report of the value's owner, which shares the steps.
    pub(crate) fn into_step(self, progress: &mut Progress) -> Outcome {
        progress.within = Some(self.steps.shared().clone());
        self.outcome()
    }

    /// The name of the type, or the one given by `name = "…"`. In the event of a value inside another, its path there.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the guard was created.
    #[must_use]
    pub fn created(&self) -> Option<&'static Location<'static>> {
        self.created
    }

    /// From the first request to the end of the last step.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// The budget of the whole.
    #[must_use]
    pub fn limit(&self) -> Option<Duration> {
        self.limit
    }

    /// What the budget was at first, if a later `shutdown_within` has lowered the limit of the shutdown that ran;
    /// [`Duration::MAX`] if there was none.
    #[must_use]
    pub fn lowered_from(&self) -> Option<Duration> {
        self.lowered_from
    }

    /// The steps, in the order of the fields.
    #[must_use]
    pub fn steps(&self) -> &[StepReport] {
        self.steps.reports()
    }

    /// The step at this path, at any depth: the name of the outermost value, then a field of each value on the way, as
    /// `Service.replica.jobs`. Parts of collections are `Service.replicas[0].jobs`; those of maps have their key in its
    /// `Debug` format, `Service.replicas["eu"].jobs`. It is the whole path: `jobs` or `Replica.jobs` finds nothing.
    ///
    /// No two fields have the same path. Of steps that do (keys whose `Debug` is alike, the steps of a report by hand) it is
    /// the first.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&StepReport> {
        self.walk().find(|step| &*step.name == name)
    }

    /// Every step at any depth, owners before their parts.
    pub fn walk(&self) -> impl Iterator<Item = &StepReport> {
        let mut stack: Vec<&StepReport> = self.steps().iter().rev().collect();
        std::iter::from_fn(move || {
            let step = stack.pop()?;
            stack.extend(step.steps.iter().rev());
            Some(step)
        })
    }

    /// What was still alive afterwards, if somebody has looked. It does not count for the outcome.
    #[must_use]
    pub fn audit(&self) -> Option<&Audit> {
        self.audit.as_deref()
    }

    /// Whether every step stopped by itself, without an error.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.steps.are_stopped()
    }

    /// The steps that did not stop by themselves: of a group, the members that are to blame.
    pub fn unclean(&self) -> impl Iterator<Item = &StepReport> {
        self.walk()
            .filter(|step| !step.outcome.is_stopped() && step.steps.iter().all(|inner| inner.outcome.is_stopped()))
    }

    /// The worst that became of any step.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.steps.outcome()
    }
}

impl StepReport {
    /// As a part, called `name`, of the report of what started at `started`.
    #[inline(never)]
    fn of(ended: &Ended, name: Name, outcome: Outcome, steps: Vec<StepReport>, started: Instant) -> Self {
        StepReport {
            name,
            outcome,
            requested_after: ended.requested.map(|requested| requested.saturating_duration_since(started)),
            forced_after: ended.forced.map(|forced| forced.saturating_duration_since(started)),
            took: ended.took,
            detail: ended.detail.clone(),
            steps,
        }
    }

    /// The path, such as `Runner.jobs`, or `Service.runner.jobs` for a value inside another: see [`Report::find`].
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What became of it.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// When it was requested to stop, counted from the start of the teardown.
    #[must_use]
    pub fn requested_after(&self) -> Option<Duration> {
        self.requested_after
    }

    /// When it was forced, counted from the start of the teardown; none if it was not. Its outcome may still be another
    /// one than `Forced`.
    #[must_use]
    pub fn forced_after(&self) -> Option<Duration> {
        self.forced_after
    }

    /// From the request to the end (or to when it was given up).
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// What else is known: an exit status, the names of what was aborted.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The steps within this one.
    #[must_use]
    pub fn steps(&self) -> &[StepReport] {
        &self.steps
    }
}

/// The tree, a line per step; then the audit.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} after {}", self.name, self.outcome().word(), Millis(self.took))?;
        if let Some(limit) = self.limit {
            write!(f, " (limit {}", Millis(limit))?;
            if let Some(before) = self.lowered_from {
                match before {
                    Duration::MAX => f.write_str(", there was none at first")?,
                    before => write!(f, ", lowered from {}", Millis(before))?,
                }
            }
            f.write_str(")")?;
        }
        if let Some(created) = self.created {
            write!(f, ", created at {created}")?;
        }
        write_steps(f, self.steps())?;
        self.audit.as_ref().map_or(Ok(()), |audit| write!(f, "\n{audit}"))
    }
}

/// The lines of the tree.
fn write_steps(f: &mut fmt::Formatter<'_>, steps: &[StepReport]) -> fmt::Result {
    let width = width(steps);
    let mut indent = String::new();
    // What is left of each group around the next line.
    let mut groups = vec![steps.iter()];
    while let Some(group) = groups.last_mut() {
        let Some(step) = group.next() else {
            groups.pop();
            indent.truncate(indent.len().saturating_sub(3));
            continue;
        };
        let (branch, below) = if group.len() == 0 { ("`- ", "   ") } else { ("|- ", "|  ") };
        let room = width.saturating_sub(indent.len());
        write!(f, "\n{indent}{branch}{:room$}  {:9}  {:>8}", step.name, step.outcome.word(), Millis(step.took))?;
        if let Some(asked) = step.requested_after.filter(|asked| *asked >= Duration::from_millis(1)) {
            write!(f, "  requested at {}", Millis(asked))?;
        }
        // A group's explanation is its member's, who says it below.
        let explanation = step.outcome.explanation().filter(|_| step.steps.iter().all(|s| s.outcome.is_stopped()));
        for text in explanation.iter().chain(&step.detail) {
            write!(f, "  {}", text.replace('\n', " "))?;
        }
        indent.push_str(below);
        groups.push(step.steps.iter());
    }
    Ok(())
}

/// The room that the longest name needs, with its indent.
fn width(steps: &[StepReport]) -> usize {
    let mut width = 0;
    let mut left: Vec<_> = steps.iter().map(|step| (step, 0)).collect();
    while let Some((step, indent)) = left.pop() {
        width = width.max(indent + step.name.len());
        left.extend(step.steps.iter().map(|step| (step, indent + 3)));
    }
    width
}

/// A duration with one decimal, in milliseconds or seconds.
pub(crate) struct Millis(pub(crate) Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.0 < Duration::from_millis(1000) {
            format!("{:.1} ms", self.0.as_secs_f64() * 1e3)
        } else {
            format!("{:.1} s", self.0.as_secs_f64())
        };
        f.pad_integral(true, "", &text)
    }
}

#[cfg(feature = "serde")]
fn as_text<S: serde::Serializer>(
    location: &Option<&'static Location<'static>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match location {
        Some(location) => serializer.collect_str(location),
        None => serializer.serialize_none(),
    }
}
