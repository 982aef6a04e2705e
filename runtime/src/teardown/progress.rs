//! What is known of one resource's teardown so far.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::driver::{Driver, Name, RuntimeContext, Waiting};
use crate::host::user_threads::{Budget, Owner};
use crate::sync::quietly;
use crate::teardown::output::{Judge, judged};
use crate::teardown::tree::{Ended, Within};
use crate::teardown::{Failure, Outcome};

/// What is known of one resource's teardown so far.
///
/// The progress of the outermost value owns the progresses of its steps, and so on down. It lives beside the value and
/// not in the futures, so a teardown that was dropped half-way goes on where it stopped.
pub struct Progress {
    pub(crate) name: Name,
    #[doc(hidden)]
    pub requested: Option<Instant>,
    pub(crate) forced: Option<Instant>,
    /// A force ends it at once. So when its owner is in a hurry, it gets no more time once it was requested.
    pub(crate) is_abortable: bool,
    pub(crate) ended: Option<Instant>,
    /// Set once: the step is over and its `wait` is not made again.
    pub(crate) outcome: Option<Outcome>,
    /// What a move reported before the end: an error of `request`, an abandonment by `force`.
    pub(crate) problem: Option<Outcome>,
    pub(crate) detail: Option<String>,
    pub(crate) deadline: Option<Instant>,
    #[doc(hidden)]
    pub children: Vec<Progress>,
    /// The steps of a value that keeps its own progress, in the place of `children`, when they are over.
    pub(crate) within: Option<Within>,
    #[doc(hidden)]
    pub driver: Option<Arc<Driver>>,
    /// The runtime that the value was made in whose resource this is.
    #[cfg_attr(not(feature = "tokio"), allow(dead_code, reason = "for what runs on one"))]
    pub(crate) context: RuntimeContext,
    /// What looks at the outputs of the tasks that this is, or holds.
    pub(crate) judges: &'static [Option<Judge>],
    kept: Option<Box<dyn Any + Send>>,
    stuck: Option<Stuck>,
}

/// Why a step is given up whose force could not be confirmed.
const STUCK: &str = "still running after it was forced";

/// Says who is late.
type Stuck = Box<dyn Fn(usize) -> Option<String> + Send>;

/// How many levels of values within values are asked who is late. Each takes 2 kB of the stack in a debug build, and a place
/// in the text.
const LEVELS: usize = 32;

impl Progress {
    /// For something that was not requested to stop yet. The drivers make them; a test of a [`Teardown`](crate::Teardown)
    /// impl may too.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Progress {
            name: Name::from(name.into()),
            requested: None,
            forced: None,
            is_abortable: false,
            ended: None,
            outcome: None,
            problem: None,
            detail: None,
            deadline: None,
            children: Vec::new(),
            within: None,
            driver: None,
            context: RuntimeContext::default(),
            judges: &[],
            kept: None,
            stuck: None,
        }
    }

    /// The path of the step, such as `Runner.jobs`, or `Service.runner.jobs` inside another value.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// By when the resource should have ended, in the time of the driver (tokio's clock, when it is paused).
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether it was requested to stop.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.requested.is_some()
    }

    /// Whether it was forced.
    #[must_use]
    pub fn is_forced(&self) -> bool {
        self.forced.is_some()
    }

    /// Adds a line to the report, such as an exit status or who was aborted.
    pub fn detail(&mut self, text: impl Into<String>) {
        let text = text.into();
        match &mut self.detail {
            None => self.detail = Some(text),
            Some(old) if *old == text => {}
            Some(old) => {
                old.push_str("; ");
                old.push_str(&text);
            }
        }
    }

    /// Reports an error of `request` or `force`; the step goes on.
    pub fn fail(&mut self, error: impl Into<Box<dyn Error + Send + Sync>>) {
        self.problem(Outcome::Failed(Failure::new(error)));
    }

    /// Says that the resource cannot be stopped. Called by `force`, it spares the wait for a confirmation.
    pub fn abandon(&mut self, reason: impl Into<String>) {
        self.problem(Outcome::abandoned(reason));
    }

    /// The value that was kept for a later move, made by `make` the first time.
    ///
    /// # Panics
    ///
    /// If a value of another type is kept: one resource keeps one type.
    pub fn keep<S: Send + 'static>(&mut self, make: impl FnOnce() -> S) -> &mut S {
        self.kept
            .get_or_insert_with(|| Box::new(make()))
            .downcast_mut()
            .expect("a resource keeps values of one type in its `Progress`")
    }

    /// The value that was kept, if there is one of this type.
    pub fn kept<S: Send + 'static>(&mut self) -> Option<&mut S> {
        self.kept.as_mut()?.downcast_mut()
    }

    /// Drops what was kept: the next move keeps something else.
    pub(crate) fn forget(&mut self) {
        quietly(|| drop(self.kept.take()));
    }

    /// The resource may run, and cannot be watched: a wait begins anew, with nothing that was kept for this one.
    pub(crate) fn unwatched(&mut self, why: &str) {
        self.forget();
        self.detail(format!("it cannot be watched: {why}"));
    }

    /// The progress of the `index`th part of a collection, called `name` in the report.
    pub(crate) fn child(&mut self, index: usize, name: impl FnOnce() -> Name) -> &mut Progress {
        debug_assert!(index <= self.children.len(), "children are made in order");
        if index == self.children.len() {
            self.children.push(Progress { name: name(), ..Progress::new("") });
        }
        &mut self.children[index]
    }

    /// Moves this and what is below it to another path: the value is, or is no longer, torn down as a part of another.
    pub(crate) fn rename(&mut self, to: &Name) {
        if self.name == *to {
            return;
        }
        let from = std::mem::replace(&mut self.name, to.clone());
        let mut left: Vec<&mut Progress> = self.children.iter_mut().collect();
        while let Some(progress) = left.pop() {
            progress.name = progress.name.moved(&from, to);
            left.extend(&mut progress.children);
        }
    }

    /// A text about this, which says so, unless it names a step within this by its path.
    pub(crate) fn said(&self, text: String) -> String {
        let within = text.strip_prefix('`').and_then(|text| text.strip_prefix(&*self.name));
        if within.is_some_and(|rest| rest.starts_with(['.', '['])) { text } else { format!("`{}`: {text}", self.name) }
    }

    pub(crate) fn problem(&mut self, outcome: Outcome) {
        self.problem = Some(match self.problem.take() {
            Some(old) => self.worse(old, outcome),
            None => outcome,
        });
    }

    /// The worse of the two; what the other one says becomes a detail, so that it is not lost.
    fn worse(&mut self, first: Outcome, second: Outcome) -> Outcome {
        let (worse, other) = if second.severity() > first.severity() { (second, first) } else { (first, second) };
        if other.explanation().is_some() {
            self.detail(other.to_string());
        }
        worse
    }

    /// Set by `force`: `who` names what still runs, should the end not be confirmed in time.
    pub fn if_stuck(&mut self, who: impl Fn() -> Option<String> + Send + 'static) {
        self.stuck = Some(Box::new(move |_| who()));
    }

    /// Why a step is given up whose end nobody could confirm.
    pub(crate) fn stuck(&self) -> String {
        self.stuck_within(LEVELS)
    }

    /// As [`if_stuck`](Self::if_stuck), for a value whose parts are asked in turn, with one level less than `who` gets.
    pub(crate) fn if_stuck_within(&mut self, who: impl Fn(usize) -> Option<String> + Send + 'static) {
        self.stuck = Some(Box::new(who));
    }

    /// As [`stuck`](Self::stuck), and at most this many levels deep.
    pub(crate) fn stuck_within(&self, levels: usize) -> String {
        let who = self.stuck.as_ref().filter(|_| levels > 0).and_then(|who| who(levels));
        let who = match self.driver.as_ref().and_then(|driver| driver.stall()) {
            Some(stall) => stall.explain(who),
            None => who,
        };
        who.unwrap_or_else(|| STUCK.to_owned())
    }

    /// What became of the steps.
    // The recursion is a loop over a vector, with whatever else it does in a function of its own: a level costs stack.
    pub(super) fn ended_within(&self, now: Instant) -> Within {
        if let Some(within) = &self.within {
            return within.clone();
        }
        let mut steps = Vec::with_capacity(self.children.len());
        for progress in &self.children {
            let within = progress.ended_within(now);
            steps.push(progress.ended(within, now));
        }
        Within { path: self.name.clone(), steps: Arc::new(steps) }
    }

    #[inline(never)]
    fn ended(&self, within: Within, now: Instant) -> Ended {
        let ended = self.ended.unwrap_or(now);
        Ended {
            name: self.name.clone(),
            outcome: self.outcome.clone().unwrap_or_else(|| Outcome::abandoned(self.stuck())),
            requested: self.requested,
            forced: self.forced,
            took: self.requested.map_or(Duration::ZERO, |requested| ended.saturating_duration_since(requested)),
            detail: self.detail.clone(),
            within,
        }
    }

    /// The resource has a timeout of its own, from now on, which bounds it too.
    pub(crate) fn bounded_by(&mut self, timeout: Duration) {
        if let Some(driver) = &self.driver {
            let own = driver.after(timeout);
            self.deadline = Some(self.deadline.map_or(own, |deadline| deadline.min(own)));
        }
    }

    /// Tells `owner` that a wait begins, and by when it will have given up.
    #[doc(hidden)]
    pub fn bounds(&self, owner: &Owner) {
        if let (Some(driver), Some(until)) = (&self.driver, self.deadline) {
            owner.waits(Budget { since: driver.now(), until }, self.is_forced());
        }
    }

    /// What the output of a task or thread of the resource becomes: an `Err` is a failure.
    pub(crate) fn judge<T: 'static>(&self, output: T) -> Outcome {
        judged(output, self.judges)
    }

    /// `who` says who is waited for, while it takes long, until the result is dropped. None where nobody listens.
    pub(crate) fn waits_for<W>(&self, who: impl FnOnce() -> W) -> Option<Waiting>
    where
        W: Fn() -> Option<String> + Send + Sync + 'static,
    {
        self.driver.as_ref()?.waits_for(&self.name, who)
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        matches!(self.problem, Some(Outcome::Abandoned { .. }))
    }

    /// The step is over. What a move reported counts where it is worse.
    #[doc(hidden)]
    pub fn finish(&mut self, outcome: Outcome, now: Instant) {
        let kept = (self.kept.take(), self.stuck.take());
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(kept))) {
            self.problem(Outcome::caught(payload));
        }
        let outcome = match self.problem.take() {
            Some(problem) => self.worse(outcome, problem),
            None => outcome,
        };
        self.outcome = Some(outcome);
        self.ended = Some(now);
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("name", &self.name)
            .field("requested", &self.requested)
            .field("forced", &self.forced)
            .field("outcome", &self.outcome)
            .field("children", &self.children)
            .finish_non_exhaustive()
    }
}
