//! A field of a value that is being started.

use std::borrow::BorrowMut;
use std::fmt;
use std::future::ready;
use std::ops::{Deref, DerefMut};

use crate::plan::Step;
use crate::teardown::nest::Nest;
use crate::teardown::{Outcome, Progress, Teardown, Wait};
use crate::value::ShutdownGuard;
use crate::value::guard::Guarded;

/// A field, which is set or not yet. What is in it is found by `Deref`, as in `start.store.clone()`.
///
/// Its functions are no methods: those would hide the methods of what is in it.
pub struct Started<T> {
    /// `Runner.store`
    name: &'static str,
    value: Option<T>,
}

impl<T> Started<T> {
    /// A field that is not set yet.
    pub fn unset(name: &'static str) -> Self {
        Started { name, value: None }
    }

    /// Sets it. The type of the builder says that it was not.
    pub fn set(this: &mut Self, value: T) {
        this.value = Some(value);
    }

    /// What is in it. The type of the builder says that it was set.
    pub fn into_inner(this: Self) -> T {
        this.value.unwrap_or_else(|| is_unset(this.name))
    }
}

impl<T: Guarded> Started<ShutdownGuard<T>> {
    /// The guard, which is set from the beginning. The value is made where the start begins.
    #[track_caller]
    pub fn guard(name: &'static str) -> Self {
        Started { name, value: Some(ShutdownGuard::new()) }
    }
}

#[track_caller]
fn is_unset(name: &str) -> ! {
    panic!("field `{name}` is not set yet")
}

impl<T> Deref for Started<T> {
    type Target = T;

    #[track_caller]
    fn deref(&self) -> &T {
        match &self.value {
            Some(value) => value,
            None => is_unset(self.name),
        }
    }
}

impl<T> DerefMut for Started<T> {
    #[track_caller]
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.value {
            Some(value) => value,
            None => is_unset(self.name),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Started<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// Makes the step of a field out of the field: as the value itself does.
type MakeStep<T> = for<'a> fn(&'a mut T) -> Step<'a>;

/// The step of a field that may outlive the value: it can be moved out, whatever its type says of itself.
pub fn started<T: Send + 'static>(field: &mut Started<T>, step: MakeStep<T>) -> Step<'_> {
    Step::owned(Box::new(OfField { value: &mut field.value, step, detach: Some(take_out) }))
}

/// The step of a field that may borrow. It can be moved out if its type says so.
pub fn started_here<T: Send>(field: &mut Started<T>, step: MakeStep<T>) -> Step<'_> {
    Step::owned(Box::new(OfField { value: &mut field.value, step, detach: None }))
}

/// `V` is the field, or a borrow of it.
struct OfField<V, T> {
    value: V,
    step: MakeStep<T>,
    detach: Option<Detach<T>>,
}

type Detach<T> = fn(&mut Option<T>, MakeStep<T>) -> Box<dyn Teardown + Send>;

fn take_out<T: Send + 'static>(value: &mut Option<T>, step: MakeStep<T>) -> Box<dyn Teardown + Send> {
    Box::new(OfField { value: value.take(), step, detach: Some(take_out) })
}

impl<V: BorrowMut<Option<T>> + Send, T: Send> OfField<V, T> {
    fn step(&mut self) -> Option<Step<'_>> {
        self.value.borrow_mut().as_mut().map(self.step)
    }
}

/// A step has no state of its own: it is made for each of its operations.
impl<V: BorrowMut<Option<T>> + Send, T: Send> Teardown for OfField<V, T> {
    fn request(&mut self, progress: &mut Progress) {
        match self.step() {
            Some(mut step) => step.request(progress),
            None => progress.detail("was not started"),
        }
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        match self.step() {
            Some(mut step) => Box::pin(async move { step.wait(progress).await }),
            None => Box::pin(ready(Outcome::Stopped)),
        }
    }

    fn wait_in<'a>(&'a mut self, progress: &'a mut Progress, nest: &Nest) -> Wait<'a> {
        match self.step() {
            Some(mut step) => {
                let nest = nest.clone();
                Box::pin(async move { step.wait_in(progress, &nest).await })
            }
            None => Box::pin(ready(Outcome::Stopped)),
        }
    }

    fn force(&mut self, progress: &mut Progress) {
        if let Some(mut step) = self.step() {
            step.force(progress);
        }
    }

    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        match self.detach {
            Some(detach) => Some(detach(self.value.borrow_mut(), self.step)),
            None => self.step()?.detach(),
        }
    }
}
