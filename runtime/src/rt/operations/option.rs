//! The operations of a field spelled `Option<T>`: a function may take what is in it by value, by reference, or the whole
//! option. `None` has stopped.
//!
//! Which of the four a function item takes is found by inference: exactly one of the impls below holds for it, and the
//! type parameter `How` names it. A closure's parameter cannot be inferred that way, so the expansion passes it through
//! one of the `taking` functions first.

use std::future::ready;

use super::{Answer, Ended};
use crate::teardown::{Outcome, Progress, Wait};

/// Takes `T`.
pub enum ByValue {}
/// Takes `&T`.
pub enum ByRef {}
/// Takes `&mut T`.
pub enum ByMut {}
/// Takes `&mut Option<T>`.
pub enum Whole {}
/// Takes `&Option<T>`.
pub enum WholeRef {}

/// A `request` or `force` of an `Option<T>` field.
#[diagnostic::on_unimplemented(
    message = "this function does not fit the field",
    label = "must take the value in the `Option`, or a reference to it",
    note = "in a `shared` struct nothing can be taken out: the function must take `&T`"
)]
pub trait OptionOperations<V, How> {
    /// What it returns.
    type Output;
    /// Calls it, unless there is nothing to call it with.
    fn call(self, value: V) -> Option<Self::Output>;
}

impl<T, R, F: FnOnce(T) -> R> OptionOperations<&mut Option<T>, ByValue> for F {
    type Output = R;

    fn call(self, value: &mut Option<T>) -> Option<R> {
        value.take().map(self)
    }
}

impl<'a, T, R, F: FnOnce(&'a T) -> R> OptionOperations<&'a mut Option<T>, ByRef> for F {
    type Output = R;

    fn call(self, value: &'a mut Option<T>) -> Option<R> {
        value.as_ref().map(self)
    }
}

impl<'a, T, R, F: FnOnce(&'a mut T) -> R> OptionOperations<&'a mut Option<T>, ByMut> for F {
    type Output = R;

    fn call(self, value: &'a mut Option<T>) -> Option<R> {
        value.as_mut().map(self)
    }
}

impl<'a, T, R, F: FnOnce(&'a mut Option<T>) -> R> OptionOperations<&'a mut Option<T>, Whole> for F {
    type Output = R;

    fn call(self, value: &'a mut Option<T>) -> Option<R> {
        Some(self(value))
    }
}

impl<'a, T, R, F: FnOnce(&'a Option<T>) -> R> OptionOperations<&'a mut Option<T>, WholeRef> for F {
    type Output = R;

    fn call(self, value: &'a mut Option<T>) -> Option<R> {
        Some(self(value))
    }
}

impl<'a, T, R, F: FnOnce(&'a T) -> R> OptionOperations<&'a Option<T>, ByRef> for F {
    type Output = R;

    fn call(self, value: &'a Option<T>) -> Option<R> {
        value.as_ref().map(self)
    }
}

impl<'a, T, R, F: FnOnce(&'a Option<T>) -> R> OptionOperations<&'a Option<T>, WholeRef> for F {
    type Output = R;

    fn call(self, value: &'a Option<T>) -> Option<R> {
        Some(self(value))
    }
}

/// What a `request` or `force` of an `Option<T>` field returned, if it was called.
pub struct Maybe<A>(Option<A>);

impl<A: Answer> Answer for Maybe<A> {
    type Error = A::Error;

    fn answer(self) -> Result<(), A::Error> {
        self.0.map_or(Ok(()), Answer::answer)
    }
}

/// The same of a `close`.
impl<A: Ended> Ended for Maybe<A> {
    fn outcome(self) -> Outcome {
        self.0.map_or(Outcome::Stopped, Ended::outcome)
    }
}

/// Makes a `request`, a `force` or a `close`.
pub fn on_option<V, How, F: OptionOperations<V, How>>(make: F, value: V) -> Maybe<F::Output> {
    Maybe(make.call(value))
}

/// A `with` of an `Option<T>` field.
#[diagnostic::on_unimplemented(
    message = "this function does not fit the field",
    label = "must take the value in the `Option`, or a reference to it",
    note = "`with` needs an async function that returns `()` or `Result<(), E>`, and `&T` where the struct is `shared`"
)]
pub trait OptionWait<'a, V, How> {
    /// Waits, unless there is nothing to wait for.
    fn wait(self, value: V, progress: &'a mut Progress) -> Wait<'a>;
}

/// Taken by value, the resource is in the future from then on. So the future is kept: a wait that was dropped goes on
/// where it was.
impl<'a, T, C, F> OptionWait<'a, &'a mut Option<T>, ByValue> for F
where
    T: Send + 'static,
    F: FnOnce(T) -> C + Send + 'static,
    C: IntoFuture<Output: Ended, IntoFuture: Send> + Send + 'static,
{
    fn wait(self, value: &'a mut Option<T>, progress: &'a mut Progress) -> Wait<'a> {
        if let Some(value) = value.take() {
            progress.keep::<Wait<'static>>(|| Box::pin(async move { self(value).await.outcome() }));
        }
        match progress.kept::<Wait<'static>>() {
            Some(kept) => Box::pin(kept),
            None => Box::pin(ready(Outcome::Stopped)),
        }
    }
}

impl<'a, T, C, F> OptionWait<'a, &'a mut Option<T>, ByRef> for F
where
    T: Sync,
    F: FnOnce(&'a T) -> C + Send + 'a,
    C: IntoFuture<Output: Ended, IntoFuture: Send> + Send + 'a,
{
    fn wait(self, value: &'a mut Option<T>, _progress: &'a mut Progress) -> Wait<'a> {
        wait_some(value.as_ref(), self)
    }
}

impl<'a, T, C, F> OptionWait<'a, &'a mut Option<T>, ByMut> for F
where
    T: Send,
    F: FnOnce(&'a mut T) -> C + Send + 'a,
    C: IntoFuture<Output: Ended, IntoFuture: Send> + Send + 'a,
{
    fn wait(self, value: &'a mut Option<T>, _progress: &'a mut Progress) -> Wait<'a> {
        wait_some(value.as_mut(), self)
    }
}

impl<'a, T, C, F> OptionWait<'a, &'a mut Option<T>, Whole> for F
where
    T: Send,
    F: FnOnce(&'a mut Option<T>) -> C + Send + 'a,
    C: IntoFuture<Output: Ended, IntoFuture: Send> + Send + 'a,
{
    fn wait(self, value: &'a mut Option<T>, _progress: &'a mut Progress) -> Wait<'a> {
        wait_some(Some(value), self)
    }
}

impl<'a, T, C, F> OptionWait<'a, &'a mut Option<T>, WholeRef> for F
where
    T: Sync,
    F: FnOnce(&'a Option<T>) -> C + Send + 'a,
    C: IntoFuture<Output: Ended, IntoFuture: Send> + Send + 'a,
{
    fn wait(self, value: &'a mut Option<T>, _progress: &'a mut Progress) -> Wait<'a> {
        wait_some(Some(&*value), self)
    }
}

impl<'a, T, C, F> OptionWait<'a, &'a Option<T>, ByRef> for F
where
    T: Sync,
    F: FnOnce(&'a T) -> C + Send + 'a,
    C: IntoFuture<Output: Ended, IntoFuture: Send> + Send + 'a,
{
    fn wait(self, value: &'a Option<T>, _progress: &'a mut Progress) -> Wait<'a> {
        wait_some(value.as_ref(), self)
    }
}

impl<'a, T, C, F> OptionWait<'a, &'a Option<T>, WholeRef> for F
where
    T: Sync,
    F: FnOnce(&'a Option<T>) -> C + Send + 'a,
    C: IntoFuture<Output: Ended, IntoFuture: Send> + Send + 'a,
{
    fn wait(self, value: &'a Option<T>, _progress: &'a mut Progress) -> Wait<'a> {
        wait_some(Some(value), self)
    }
}

/// The call happens in the first poll and not before, where a panic of the user's function is caught.
fn wait_some<'a, V, C, F>(value: Option<V>, call: F) -> Wait<'a>
where
    V: Send + 'a,
    F: FnOnce(V) -> C + Send + 'a,
    C: IntoFuture<Output: Ended, IntoFuture: Send> + Send + 'a,
{
    match value {
        Some(value) => Box::pin(async move { call(value).await.outcome() }),
        None => Box::pin(ready(Outcome::Stopped)),
    }
}

/// Makes a `with`.
pub fn wait_option<'a, V, How, F: OptionWait<'a, V, How>>(make: F, value: V, progress: &'a mut Progress) -> Wait<'a> {
    make.wait(value, progress)
}

/// Tells a closure that it takes what is in the option.
pub fn taking<T, R, F: FnOnce(T) -> R>(_value: &Option<T>, closure: F) -> F {
    closure
}

/// Tells a closure that it takes a reference to what is in the option.
pub fn taking_ref<'a, T: 'a, R, F: FnOnce(&'a T) -> R>(_value: &Option<T>, closure: F) -> F {
    closure
}

/// Tells a closure that it takes a unique reference to what is in the option.
pub fn taking_mut<'a, T: 'a, R, F: FnOnce(&'a mut T) -> R>(_value: &Option<T>, closure: F) -> F {
    closure
}

/// Tells a closure that it takes the option.
pub fn taking_whole<'a, T: 'a, R, F: FnOnce(&'a mut Option<T>) -> R>(_value: &Option<T>, closure: F) -> F {
    closure
}

/// Tells a closure that it takes a reference to the option.
pub fn taking_whole_ref<'a, T: 'a, R, F: FnOnce(&'a Option<T>) -> R>(_value: &Option<T>, closure: F) -> F {
    closure
}
