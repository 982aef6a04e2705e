//! Steps whose operations are, in part, named by the user: `with`, `request` and `force`.
//!
//! The expansion hands over function pointers and not closures: a step is instantiated once per field type, it can be
//! moved to the reaper thread, and nothing can be captured by accident.

mod answer;
mod by_ref;
mod consumed;
mod option;
mod waiting;

use std::borrow::BorrowMut;

pub use answer::{Answer, ByDebug, ByDisplay, Closed, Closing, Ended, ErrorOf, answer, closed, closing};
pub use by_ref::{NotByRef, NotNested, RequestByRef, RequestOptionWith, RequestRoots, RequestWith, borrowing};
pub use consumed::{Consumes, PassValue, passing};
pub use option::{
    ByMut, ByRef, ByValue, Maybe, OptionOperations, OptionWait, Whole, WholeRef, on_option, taking, taking_mut,
    taking_ref, taking_whole, taking_whole_ref, wait_option,
};
pub use waiting::{Awaited, NothingToWaitFor, UnknownWait, Waiting};

use super::Step;
use crate::teardown::{Progress, Teardown, Wait};

impl<'a> Step<'a> {
    /// A field with a `with`, a `request` or a `force`.
    pub fn custom<T: Send>(value: &'a mut T, request: Operation<T>, wait: WaitFor<T>, force: Operation<T>) -> Self {
        Step::owned(Box::new(Custom { value, operations: Named { request, wait, force }, detach: None }))
    }

    /// A field spelled `Option<T>`, with a `T` that may outlive the value: what is in it can be moved out.
    pub fn custom_option<T: Send + 'static>(
        value: &'a mut Option<T>,
        request: Operation<Option<T>>,
        wait: WaitFor<Option<T>>,
        force: Operation<Option<T>>,
    ) -> Self {
        Step::owned(Box::new(Custom { value, operations: Named { request, wait, force }, detach: Some(take_out) }))
    }

    /// A field of a `shared` value.
    pub fn custom_shared<T: Sync>(
        value: &'a T,
        request: Operation<&'a T>,
        wait: WaitFor<&'a T>,
        force: Operation<&'a T>,
    ) -> Self {
        Step::owned(Box::new(Custom { value, operations: Named { request, wait, force }, detach: None }))
    }
}

/// The steps of a value.
pub fn steps(steps: Box<[Step<'_>]>) -> Vec<Step<'_>> {
    steps.into_vec()
}

type Operation<T> = fn(&mut T, &mut Progress);
type WaitFor<T> = for<'b> fn(&'b mut T, &'b mut Progress) -> Wait<'b>;
type Detach<T> = fn(&mut T, Named<T>) -> Box<dyn Teardown + Send>;

/// The operations of one field. `V` is the field, or a borrow of it.
struct Custom<V, T> {
    value: V,
    operations: Named<T>,
    detach: Option<Detach<T>>,
}

struct Named<T> {
    request: Operation<T>,
    wait: WaitFor<T>,
    force: Operation<T>,
}

impl<V: BorrowMut<T> + Send, T> Teardown for Custom<V, T> {
    fn request(&mut self, progress: &mut Progress) {
        (self.operations.request)(self.value.borrow_mut(), progress);
        // Its `with` may be about to save something.
        progress.is_abortable = false;
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        (self.operations.wait)(self.value.borrow_mut(), progress)
    }

    fn force(&mut self, progress: &mut Progress) {
        (self.operations.force)(self.value.borrow_mut(), progress);
    }

    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        let Named { request, wait, force } = self.operations;
        Some(self.detach?(self.value.borrow_mut(), Named { request, wait, force }))
    }
}

fn take_out<T: Send + 'static>(value: &mut Option<T>, operations: Named<Option<T>>) -> Box<dyn Teardown + Send> {
    Box::new(Custom { value: value.take(), operations, detach: Some(take_out) })
}

/// Calls a closure that takes the field, and tells it so.
pub fn call_mut<'a, T, R, F: FnOnce(&'a mut T) -> R>(value: &'a mut T, closure: F) -> R {
    closure(value)
}

/// Calls a closure that takes a reference to the field, and tells it so.
pub fn call_ref<'a, T, R, F: FnOnce(&'a T) -> R>(value: &'a T, closure: F) -> R {
    closure(value)
}

/// The operations that a field does not name: those of its type, or none.
///
/// Inherent methods win over a trait's, so `Operations(value).request(progress)` finds these where the type has a
/// `Teardown`, and [`NoOperations`]' elsewhere. It is decided where the expansion names the concrete type.
pub struct Operations<'a, T>(pub &'a mut T);

impl<T: Teardown> Operations<'_, T> {
    /// The type's own way of asking.
    pub fn request(self, progress: &mut Progress) {
        self.0.request(progress);
    }

    /// The type's own way of forcing.
    pub fn force(self, progress: &mut Progress) {
        self.0.force(progress);
    }
}

/// The operations of a type without a `Teardown`.
pub trait NoOperations: Sized {
    /// There is nobody to ask: `with` does it all.
    fn request(self, _progress: &mut Progress) {}

    /// There is nothing to force.
    fn force(self, progress: &mut Progress) {
        progress.abandon("it has no `force`; its `with` was dropped at the deadline");
    }
}

impl<T> NoOperations for Operations<'_, T> {}
