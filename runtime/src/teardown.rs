//! The one idea: request, wait, force.

pub mod by_ref;
mod error;
pub(crate) mod nest;
pub mod outcome;
pub(crate) mod output;
mod progress;
pub(crate) mod report;
pub(crate) mod together;
mod tree;
mod watch;

use std::future::{Future, ready};
use std::pin::Pin;

pub use error::ShutdownError;
use nest::Nest;
pub use outcome::{Failure, Outcome};
pub use progress::Progress;
pub use report::{Report, StepReport};
pub use watch::{Ended, OnEnd, Watch};

/// The future that [`Teardown::wait`] returns.
pub type Wait<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// Something that runs and can be stopped in three operations: request, wait, force.
///
/// It is implemented for the handle types of std, tokio and tokio-util, for `Option`, `Vec`, maps, arrays and tuples of
/// such, and by [`#[must_shutdown]`](crate::must_shutdown) and `#[derive(Teardown)]` for structs. A driver makes the
/// operations: it requests, waits until the step's share of the budget is used up, then forces and waits a little
/// longer for the end to be confirmed. Each operation gets the [`Progress`] of this one resource: when it was requested
/// to stop, the deadline, notes for the report.
///
/// ```
/// use sundown::{Progress, Outcome, Teardown, Wait};
///
/// struct Listener { stop: tokio::sync::watch::Sender<bool>, done: tokio::sync::watch::Receiver<bool> }
///
/// impl Teardown for Listener {
///     fn request(&mut self, _progress: &mut Progress) {
///         self.stop.send_replace(true);
///     }
///     fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
///         Box::pin(async move { Outcome::from_result(self.done.wait_for(|done| *done).await) })
///     }
///     fn force(&mut self, progress: &mut Progress) {
///         progress.abandon("a listener cannot be forced");
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shut down",
    label = "this type has no `Teardown`",
    note = "implement `Teardown` for `{Self}`, or name an async function with `with = path`",
    note = "a bare `std::thread::JoinHandle`, `tokio::runtime::Runtime` or channel sender must be in an `Option`; in a \
            `shared` struct, what is no handle must be in a `Shared`"
)]
pub trait Teardown {
    /// Asks the resource to stop: cancels its token, sends SIGTERM, closes its channel.
    ///
    /// Must not block and must be idempotent. An error goes into the report by [`Progress::fail`].
    fn request(&mut self, progress: &mut Progress);

    /// Waits for the end: joins, drains, reaps.
    ///
    /// The future may always have work to do, and is still given up at its deadline, as long as each poll returns. A
    /// poll that never returns cannot be given up: a `shutdown` that borrows the value waits for it. Tokio's resources
    /// return, because each step has a budget of its own, unless they are polled in `tokio::task::unconstrained`.
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped at any point and made anew, so nothing may be lost with it: what has to outlive it is
    /// kept in `self` or in [`Progress::keep`]. Once it has returned an outcome it is not made again.
    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a>;

    /// As [`wait`](Self::wait), of a value within another: only the expansion and our own collections implement it.
    #[doc(hidden)]
    fn wait_in<'a>(&'a mut self, progress: &'a mut Progress, _nest: &Nest) -> Wait<'a> {
        self.wait(progress)
    }

    /// Forces the end, because the deadline has passed: aborts, sends SIGKILL.
    ///
    /// Must not block, and must tolerate a resource that has ended meanwhile: the two always race. A resource that cannot
    /// be forced calls [`Progress::abandon`]; any other is waited for a little longer,
    /// so that the end can be confirmed.
    fn force(&mut self, progress: &mut Progress);

    /// Waits for an end that nobody has requested: of the resource, or of a part of it, as it happens. `None` if nothing
    /// of it can end by itself any more, or if that is not known, which is the default.
    ///
    /// It is called while the resource should run, before [`request`](Self::request), and again after each end of a
    /// part. After [`Ended::whole`] neither this nor [`wait`](Self::wait) is called any more: the outcome is that of the
    /// step. What [`Progress::keep`] keeps is the same as in `wait`.
    ///
    /// # Cancel safety
    ///
    /// As [`wait`](Self::wait): an end that is lost with the future must be found again by the next one.
    fn watch<'a>(&'a mut self, _progress: &'a mut Progress) -> Watch<'a> {
        Box::pin(ready(None))
    }

    /// Whether nothing of it runs, so that it ends as soon as it is requested to, without a wait. False if that is not
    /// known.
    #[doc(hidden)]
    fn is_idle(&self) -> bool {
        false
    }

    /// Moves the resource out, so that it can be torn down by the reaper thread after the value was dropped.
    ///
    /// `None`, the default, for what cannot be moved out of a `&mut`: it is requested to stop and forced instead.
    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        None
    }
}
