//! What the macros say of a type.

use std::time::Duration;

use crate::driver::Name;
use crate::teardown::Progress;
use crate::teardown::output::Judge;

/// What `#[must_shutdown]` and `#[derive(Teardown)]` say of a type.
#[derive(Debug)]
pub struct Spec {
    /// The type's name in reports.
    pub name: &'static str,
    /// What bounds the whole teardown.
    pub timeout: Duration,
    /// Whether its user has written the timeout. One that nobody wrote does not bound a nested value.
    pub is_timeout_written: bool,
    /// The type's drop policy.
    pub on_drop: Option<OnDrop>,
    /// Whether the shutdown is written by hand.
    pub manual: bool,
    /// The steps, in the order of the fields.
    pub steps: &'static [StepSpec],
}

/// One step of a [`Spec`].
#[derive(Debug)]
pub struct StepSpec {
    /// Its name in the report of the value: `Runner.jobs`. Inside another value it is below that one's.
    pub name: &'static str,
    /// The steps that must have ended before this one is asked.
    pub after: &'static [usize],
    /// The cap on its share of the budget.
    pub timeout: Option<Duration>,
    /// What looks at the outputs of its tasks, where they are known to be a `Result`.
    pub judges: &'static [Option<Judge>],
}

/// What a drop without a shutdown does, beside the best-effort teardown that it always starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnDrop {
    /// Panics, after the resources were requested to stop. While unwinding, in a thread-local's destructor or while the
    /// process exits it logs instead. The default in debug builds, but for the main thread of a program.
    Panic,
    /// An error event and a metric; where nobody listens to events, the text is printed on standard error. The default in
    /// release builds, and on the main thread: a `?` in `main` that drops the value is about to print its error, and a panic
    /// would end the program before that.
    Log,
    /// Waits for the teardown on this thread, within its timeout, where that is safe: not in a task of a runtime, not on a
    /// current-thread runtime, not while unwinding. There a drop is a shutdown like any other; elsewhere, as `Log`.
    Wait,
}

impl Spec {
    /// What bounds a value of this type that is inside another, beside that one's budget.
    pub(crate) fn nested_timeout(&self) -> Option<Duration> {
        self.is_timeout_written.then_some(self.timeout)
    }

    pub(crate) fn prepare(&self, progress: &mut Progress) {
        for (i, step) in self.steps.iter().enumerate() {
            if i >= progress.children.len() {
                let mut name = Name::from(step.name);
                if *progress.name != *self.name {
                    name = name.moved(self.name, &progress.name);
                }
                progress.child(i, || name);
            }
            progress.children[i].judges = step.judges;
        }
    }
}
