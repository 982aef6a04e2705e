//! tokio's tasks: `JoinHandle`, `JoinSet`, `AbortHandle`, and tokio-util's `TaskTracker`.

use std::error::Error;
use std::future::ready;
use std::panic::resume_unwind;

use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinError, JoinHandle, JoinSet};
use tokio_util::task::TaskTracker;

use super::ended::{DROPPED, has_ended};
use crate::by_ref::teardown_by_ref;
use crate::{Failure, Memo, Outcome, Teardown, Wait};

/// What a task ended as; the driver knows what it forced. One that was aborted on request has stopped (by an `AbortHandle`
/// that is a field, or by an `ask`). One that its runtime has dropped has failed. Where no runtime is known, nobody can tell
/// the one from the other: then it was forced, by whoever it was.
fn joined<T>(result: Result<T, JoinError>, memo: &mut Memo) -> Outcome {
    match result {
        Ok(_) => Outcome::Stopped,
        Err(error) => match error.try_into_panic() {
            Ok(payload) => Outcome::from_panic(&*payload),
            Err(_cancelled) if memo.is_forced() => Outcome::Stopped,
            Err(_cancelled) => match runtime_has_ended(memo) {
                Some(true) => Outcome::Failed(Failure::new(DROPPED)),
                Some(false) => {
                    memo.detail("aborted by somebody else");
                    Outcome::Stopped
                }
                None => {
                    memo.detail("aborted by somebody else, or dropped by its runtime");
                    Outcome::Forced
                }
            },
        },
    }
}

/// Whether the runtime that the value was made in was shut down, or that around the caller; none if there is neither.
fn runtime_has_ended(memo: &Memo) -> Option<bool> {
    let around = Handle::try_current().ok().map(|around| has_ended(&around));
    match memo.home.has_ended() {
        Some(true) => Some(true),
        home => around.or(home),
    }
}

/// Not asked by anything: what it listens to (a token, a channel) is a field of its own. Forced by an abort. The output
/// of the task is dropped; where it is a `Result`, [`try_join`] looks at it.
impl<T: Send + 'static> Teardown for JoinHandle<T> {
    fn request(&mut self, _memo: &mut Memo) {}

    fn wait<'a>(&'a mut self, memo: &'a mut Memo) -> Wait<'a> {
        Box::pin(async move { joined(self.await, memo) })
    }

    fn force(&mut self, _memo: &mut Memo) {
        self.abort();
    }
}

/// Waits for a task whose output is a `Result`, so that its error is in the report: for `with`.
///
/// ```
/// use sundown::{ShutdownGuard, must_shutdown};
/// use tokio::task::JoinHandle;
///
/// #[must_shutdown]
/// struct Importer {
///     #[shutdown(with = sundown::try_join)]
///     task: JoinHandle<Result<(), std::io::Error>>,
///     guard: ShutdownGuard<Self>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let task = tokio::spawn(async { Err(std::io::Error::other("the disk is full")) });
/// let mut importer = Importer { task, guard: ShutdownGuard::new() };
/// let error = importer.shutdown().await.unwrap_err();
/// assert_eq!(error.to_string(), "`Importer` did not shut down cleanly: `Importer.task` failed: the disk is full");
/// # }
/// ```
///
/// # Errors
///
/// The task's own; that the runtime around, the one that the value was made in, has dropped it. That the task was aborted is
/// none.
///
/// # Panics
///
/// Goes on with the task's panic, without calling the panic hook again.
///
/// # Cancel safety
///
/// May be dropped and called again.
pub async fn try_join<T, E>(task: &mut JoinHandle<Result<T, E>>) -> Result<(), Box<dyn Error + Send + Sync>>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    match task.await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.into()),
        Err(error) => match error.try_into_panic() {
            Ok(payload) => resume_unwind(payload),
            Err(_cancelled) if Handle::try_current().is_ok_and(|around| has_ended(&around)) => Err(DROPPED.into()),
            Err(_cancelled) => Ok(()),
        },
    }
}

/// As `JoinHandle`, for each task. The outputs are dropped; of several panics the report has the first.
impl<T: Send + 'static> Teardown for JoinSet<T> {
    fn request(&mut self, _memo: &mut Memo) {}

    fn wait<'a>(&'a mut self, memo: &'a mut Memo) -> Wait<'a> {
        Box::pin(async move {
            // What was joined is noted in the memo at once: the future may be dropped at the next await.
            while let Some(result) = self.join_next().await {
                match joined(result, memo) {
                    Outcome::Stopped => {}
                    other => memo.problem(other),
                }
            }
            Outcome::Stopped
        })
    }

    fn force(&mut self, memo: &mut Memo) {
        memo.detail(format!("aborted {} tasks", self.len()));
        self.abort_all();
    }

    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        Some(Box::new(std::mem::take(self)))
    }
}

/// Asked by an abort; there is nothing to wait for.
impl Teardown for &AbortHandle {
    fn request(&mut self, _memo: &mut Memo) {
        self.abort();
    }

    fn wait<'a>(&'a mut self, _memo: &'a mut Memo) -> Wait<'a> {
        Box::pin(ready(Outcome::Stopped))
    }

    fn force(&mut self, _memo: &mut Memo) {
        self.abort();
    }
}

teardown_by_ref!([] AbortHandle);

/// Asked by `close`; waits until it is empty. It cannot abort: [`Tasks`](crate::Tasks) can, and names who is late.
impl Teardown for &TaskTracker {
    fn request(&mut self, _memo: &mut Memo) {
        self.close();
    }

    fn wait<'a>(&'a mut self, _memo: &'a mut Memo) -> Wait<'a> {
        Box::pin(async move {
            TaskTracker::wait(self).await;
            Outcome::Stopped
        })
    }

    fn force(&mut self, memo: &mut Memo) {
        memo.abandon(format!("{} tasks still run, and a `TaskTracker` cannot abort them", self.len()));
    }
}

teardown_by_ref!([] TaskTracker);
