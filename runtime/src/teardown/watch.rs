//! What ended before anybody requested it to.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::teardown::Outcome;

/// The future that [`Teardown::watch`](crate::Teardown::watch) returns.
pub type Watch<'a> = Pin<Box<dyn Future<Output = Option<Ended>> + Send + 'a>>;

/// Something that ended, failed or panicked before anybody requested it to stop.
///
/// `Display` prints "`Runner.scheduler` panicked: boom".
#[derive(Clone, Debug)]
pub struct Ended {
    name: String,
    outcome: Outcome,
    is_part: bool,
    on_end: Option<OnEnd>,
}

/// What the end of a field means that nobody has requested: `#[shutdown(on_end = "…")]`.
///
/// Without it an `Err`, a panic and the failure of a child process shut down the whole, which has failed; another end is
/// only an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnEnd {
    /// `"fail"`: the whole is shut down and has failed, however the field ended.
    Fail,
    /// `"stop"`: the whole is shut down, since its work is done. It has failed only if the field has.
    Stop,
    /// `"ignore"`: it is an event, and no more. The report of the shutdown still has it, and so has the exit code of a
    /// `run`: of a clean stop whose report has an ignored panic it is 101.
    Ignore,
}

impl Ended {
    /// The resource itself has ended: its `wait` is not called any more.
    #[must_use]
    pub fn whole(outcome: Outcome) -> Self {
        Ended { name: String::new(), outcome, is_part: false, on_end: None }
    }

    /// A part of the resource has ended, as one of several tasks. The rest still has to be stopped.
    #[must_use]
    pub fn part(outcome: Outcome) -> Self {
        Ended { is_part: true, ..Ended::whole(outcome) }
    }

    /// The path of the field, as in the [`Report`](crate::Report).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it ended: [`Stopped`](Outcome::Stopped), [`Failed`](Outcome::Failed) or [`Panicked`](Outcome::Panicked).
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// What is written on the field, or on one that it is in.
    #[must_use]
    pub fn on_end(&self) -> Option<OnEnd> {
        self.on_end
    }

    /// Whether the whole is to be shut down.
    #[must_use]
    pub fn stops_all(&self) -> bool {
        match self.on_end {
            Some(OnEnd::Ignore) => false,
            Some(OnEnd::Fail | OnEnd::Stop) => true,
            None => !self.outcome.is_stopped(),
        }
    }

    /// Whether the whole has failed with it.
    #[must_use]
    pub fn fails_all(&self) -> bool {
        match self.on_end {
            Some(OnEnd::Ignore) => false,
            Some(OnEnd::Fail) => true,
            Some(OnEnd::Stop) | None => !self.outcome.is_stopped(),
        }
    }

    /// Under another path.
    #[cfg(feature = "tokio")]
    pub(crate) fn named(self, name: String) -> Self {
        Ended { name, ..self }
    }

    pub(crate) fn is_part(&self) -> bool {
        self.is_part
    }

    /// The end of a step called `name`, as a part of what the step belongs to.
    pub(crate) fn of_step(mut self, name: &str) -> Self {
        if self.name.is_empty() {
            name.clone_into(&mut self.name);
        }
        self.is_part = true;
        self
    }

    /// The innermost field that says what its end means counts.
    pub(crate) fn meaning(mut self, on_end: Option<OnEnd>) -> Self {
        self.on_end = self.on_end.or(on_end);
        self
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.outcome.is_stopped() { "ended".to_owned() } else { self.outcome.to_string() };
        write!(f, "`{}` {word}", self.name)
    }
}
