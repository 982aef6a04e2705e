//! What the user's functions return, and what it becomes in the report.

use std::convert::Infallible;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::future::{Future, IntoFuture};

use crate::teardown::{Outcome, Progress};

/// Makes the call of a `with`, and waits. The call is made in the first poll and not before, where a panic is caught.
pub async fn closing<C: Closing>(call: impl FnOnce() -> C) -> Outcome {
    call().close().await
}

/// What a `with` function returns: a future that ends with `()` or `Result<(), E>`. Nothing else, so that no result is
/// lost silently.
#[diagnostic::on_unimplemented(
    message = "`with` needs an async function that returns `()` or `Result<(), E>`",
    label = "this returns `{Self}`",
    note = "a function that is not async is named with `close = path`; a closure adapts another: `with = async |value| …`",
    note = "`E` must convert into `Box<dyn Error + Send + Sync>`"
)]
pub trait Closing {
    /// Waits.
    fn close(self) -> impl Future<Output = Outcome>;
}

#[diagnostic::do_not_recommend]
impl<F: IntoFuture<Output: Ended>> Closing for F {
    async fn close(self) -> Outcome {
        Ended::outcome(self.await)
    }
}

/// What the future of a `with` ends with.
pub trait Ended {
    /// What it becomes in the report.
    fn outcome(self) -> Outcome;
}

impl Ended for () {
    fn outcome(self) -> Outcome {
        Outcome::Stopped
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> Ended for Result<(), E> {
    fn outcome(self) -> Outcome {
        Outcome::from_result(self)
    }
}

/// Makes the call of a `close`, in the first poll.
pub async fn closed<C: Closed>(call: impl FnOnce() -> C) -> Outcome {
    call().outcome()
}

/// What a `close` function returns: `()` or `Result<(), E>`.
#[diagnostic::on_unimplemented(
    message = "`close` needs a function that returns `()` or `Result<(), E>`",
    label = "this returns `{Self}`",
    note = "an async function is named with `with = path`; a closure adapts another: `close = |value| …`",
    note = "`E` must convert into `Box<dyn Error + Send + Sync>`"
)]
pub trait Closed {
    /// What it becomes in the report.
    fn outcome(self) -> Outcome;
}

#[diagnostic::do_not_recommend]
impl<T: Ended> Closed for T {
    fn outcome(self) -> Outcome {
        Ended::outcome(self)
    }
}

/// What a `request` or a `force` returned.
pub fn answer<A: Answer>(answer: A) -> Result<(), A::Error> {
    answer.answer()
}

/// What a `request` or `force` function returns.
#[diagnostic::on_unimplemented(
    message = "`request` and `force` must return `()` or a `Result`",
    label = "this returns `{Self}`",
    note = "a closure drops a value that does not matter: `|value| {{ value.stop(); }}`"
)]
pub trait Answer {
    /// Its error.
    type Error;
    /// The error, if it is one.
    fn answer(self) -> Result<(), Self::Error>;
}

impl Answer for () {
    type Error = Infallible;

    fn answer(self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl<T, E> Answer for Result<T, E> {
    type Error = E;

    fn answer(self) -> Result<(), E> {
        self.map(drop)
    }
}

/// An error of a `request` or a `force`. How it is put into words depends on its type, and the first that fits is found
/// by method lookup where the expansion names the concrete type: an error with its sources, then [`Display`], then
/// [`Debug`].
pub struct ErrorOf<E>(pub E);

impl<E: Into<Box<dyn Error + Send + Sync>>> ErrorOf<E> {
    /// Reports the error, with its sources.
    pub fn tell(self, progress: &mut Progress) {
        progress.fail(self.0);
    }
}

/// For what is not an error, or not one that can be sent or outlive the value.
pub trait ByDisplay {
    /// Reports the text.
    fn tell(self, progress: &mut Progress);
}

impl<E: Display> ByDisplay for ErrorOf<E> {
    fn tell(self, progress: &mut Progress) {
        progress.fail(self.0.to_string());
    }
}

/// For what can only be debugged.
pub trait ByDebug {
    /// Reports the debug text.
    fn tell(self, progress: &mut Progress);
}

impl<E: Debug> ByDebug for &ErrorOf<E> {
    fn tell(self, progress: &mut Progress) {
        progress.fail(format!("{:?}", self.0));
    }
}
