//! tokio's tasks: `JoinHandle`, `JoinSet`, `AbortHandle`, and tokio-util's `TaskTracker`.

use std::error::Error;
use std::future::{Future as _, poll_fn, ready};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::Poll;

use tokio::runtime::Handle;
use tokio::task::{AbortHandle, Id, JoinError, JoinHandle, JoinSet, try_id};
use tokio_util::task::TaskTracker;

use crate::driver::ended::{DROPPED, has_ended};
use crate::teardown::by_ref::teardown_by_ref;
use crate::teardown::{Ended, Failure, Outcome, Progress, Teardown, Wait, Watch};

/// What a task ended as; the driver knows what it forced. One that was aborted on request has stopped (by an
/// `AbortHandle` that is a field, or by a `request`). One that its runtime has dropped has failed. Where no runtime is
/// known, nobody can tell the one from the other: then it was forced, no matter by whom.
fn joined<T: 'static>(result: Result<T, JoinError>, progress: &mut Progress) -> Outcome {
    match result {
        Ok(output) => progress.judge(output),
        Err(error) => match error.try_into_panic() {
            Ok(payload) => Outcome::from_panic(&*payload),
            Err(_cancelled) if progress.is_forced() => Outcome::Stopped,
            Err(_cancelled) => match runtime_has_ended(progress) {
                Some(true) => Outcome::Failed(Failure::new(DROPPED)),
                Some(false) => {
                    progress.detail("aborted by somebody else");
                    Outcome::Stopped
                }
                None => {
                    progress.detail("aborted by somebody else, or dropped by its runtime");
                    Outcome::Forced
                }
            },
        },
    }
}

/// Whether the caller is a part of the task `id`: a shutdown that this very task runs, which can neither wait for its end
/// nor go on after its abort.
fn is_current(id: Id) -> bool {
    try_id() == Some(id)
}

/// The end of a task; none if the caller is a part of that very task.
async fn join<T>(task: &mut JoinHandle<T>) -> Option<Result<T, JoinError>> {
    poll_fn(|cx| {
        // Asked in each poll: an executor may move this into the very task later on.
        if is_current(task.id()) && !task.is_finished() {
            return Poll::Ready(None);
        }
        Pin::new(&mut *task).poll(cx).map(Some)
    })
    .await
}

fn itself(id: Id) -> String {
    format!("task {id} would wait for itself")
}

/// Whether the runtime that the value was made in was shut down, or that around the caller; none if there is neither.
fn runtime_has_ended(progress: &Progress) -> Option<bool> {
    let around = Handle::try_current().ok().map(|around| has_ended(&around));
    match progress.context.has_ended() {
        Some(true) => Some(true),
        context => around.or(context),
    }
}

/// Not asked by anything: what it listens to (a token, a channel) is a field of its own. Forced by an abort. A task
/// that returned an `Err`, whenever that was, has failed. In a field of an annotated struct, through `Option`, `Box`,
/// `Vec`, arrays, maps, `Shared` and a tuple that is spelled as one, the report has the error itself, if that converts
/// into `Box<dyn Error + Send + Sync>`. Elsewhere its type is not known here: then the report says which `Result` it
/// was. Another output is dropped. A task that shuts itself down is not waited for and not aborted, but reported: it
/// runs on.
impl<T: Send + 'static> Teardown for JoinHandle<T> {
    fn request(&mut self, progress: &mut Progress) {
        progress.is_abortable = true;
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            let id = self.id();
            let _named = match self.is_finished() {
                true => None,
                false => progress.waits_for(|| move || Some(format!("task {id}"))),
            };
            match join(self).await {
                Some(result) => joined(result, progress),
                None => Outcome::abandoned(itself(id)),
            }
        })
    }

    fn watch<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a> {
        Box::pin(async move {
            let result = join(self).await?;
            Some(Ended::whole(joined(result, progress)))
        })
    }

    fn is_idle(&self) -> bool {
        self.is_finished()
    }

    fn force(&mut self, progress: &mut Progress) {
        if is_current(self.id()) {
            progress.abandon(itself(self.id()));
        } else {
            self.abort();
        }
    }
}

/// Waits for a task whose output is a `Result`, so that its error is in the report: for `with`.
///
/// A field with `#[shutdown]` alone reports it too. This is for where the field's type does not name the error, as in a
/// struct that is generic over the output, and for a shutdown that is written by hand.
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
/// The task's own; that the runtime around, the one that the value was made in, has dropped it; that it would wait for
/// itself. That the task was aborted is none.
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
    let Some(result) = join(task).await else { return Err(itself(task.id()).into()) };
    match result {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.into()),
        Err(error) => match error.try_into_panic() {
            Ok(payload) => resume_unwind(payload),
            Err(_cancelled) if Handle::try_current().is_ok_and(|around| has_ended(&around)) => Err(DROPPED.into()),
            Err(_cancelled) => Ok(()),
        },
    }
}

/// As `JoinHandle`, for each task. Of several errors the report has the first, with the number of the others, and of
/// several panics the first.
///
/// A set does not tell which tasks are in it, and can only abort all of them. So it is not forced by a teardown that runs in
/// a spawned task, which may be one of them and would abort itself before anybody had a report: the step is reported as
/// abandoned, the plan goes on, and the tasks are aborted when the set is dropped, as tokio does. Only where the task cannot
/// be in the set are they aborted at the deadline: under `block_on`, as in `main`, on the reaper, or in a task of a
/// [`Tasks`](crate::Tasks). `Tasks` knows its tasks, and is the better choice where one of them may shut down the others.
impl<T: Send + 'static> Teardown for JoinSet<T> {
    fn request(&mut self, _progress: &mut Progress) {}

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            // What was joined is noted in the progress at once: the future may be dropped at the next await.
            while let Some(result) = self.join_next().await {
                let outcome = joined(result, progress);
                note(outcome, progress);
            }
            match progress.kept::<Errors>() {
                Some(Errors(1)) | None => {}
                Some(Errors(all)) => {
                    let others = *all - 1;
                    progress.detail(format!("{others} more of its tasks failed"));
                }
            }
            Outcome::Stopped
        })
    }

    /// A task that has failed or panicked: an end without an error is that of a job.
    fn watch<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a> {
        Box::pin(async move {
            while let Some(result) = self.join_next().await {
                let outcome = joined(result, progress);
                note(outcome.clone(), progress);
                if !outcome.is_stopped() {
                    return Some(Ended::part(outcome));
                }
            }
            None
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        if may_be_in_a_set() && !self.is_empty() {
            let tasks = match self.len() {
                1 => "its last task".to_owned(),
                tasks => format!("one of its {tasks} tasks"),
            };
            return progress.abandon(format!(
                "{tasks} may be the one that shuts it down, and would wait for itself: none was aborted"
            ));
        }
        progress.detail(format!("aborted {} tasks", self.len()));
        self.abort_all();
    }

    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        Some(Box::new(std::mem::take(self)))
    }
}

/// Notes what a task of a set ended as.
fn note(outcome: Outcome, progress: &mut Progress) {
    match outcome {
        Outcome::Stopped => {}
        Outcome::Failed(failure) => match progress.keep(Errors::default).note() {
            true => progress.problem(Outcome::Failed(failure)),
            false => drop(failure),
        },
        other => progress.problem(other),
    }
}

/// How many tasks of a set have failed.
#[derive(Default)]
struct Errors(usize);

impl Errors {
    /// Counts one. Whether it is the first.
    fn note(&mut self) -> bool {
        self.0 += 1;
        self.0 == 1
    }
}

/// Whether the caller is a part of a task that may have been spawned by a `JoinSet`.
fn may_be_in_a_set() -> bool {
    try_id().is_some() && !crate::resource::tasks::is_tracked()
}

/// Asked by an abort; there is nothing to wait for. A task that shuts itself down is not aborted, but reported.
impl Teardown for &AbortHandle {
    fn request(&mut self, progress: &mut Progress) {
        if is_current(self.id()) {
            progress.abandon(format!("task {} would abort itself", self.id()));
        } else {
            self.abort();
        }
    }

    fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(ready(Outcome::Stopped))
    }

    fn force(&mut self, _progress: &mut Progress) {
        if !is_current(self.id()) {
            self.abort();
        }
    }
}

teardown_by_ref!([] AbortHandle);

/// Asked by `close`; waits until it is empty. It cannot abort: [`Tasks`](crate::Tasks) can, and names who is late.
impl Teardown for &TaskTracker {
    fn request(&mut self, _progress: &mut Progress) {
        self.close();
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            let _named = match self.is_empty() {
                true => None,
                false => progress.waits_for(|| {
                    let tracker = self.clone();
                    move || Some(format!("{} tasks", tracker.len()))
                }),
            };
            TaskTracker::wait(self).await;
            Outcome::Stopped
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        progress.abandon(format!("{} tasks still run, and a `TaskTracker` cannot abort them", self.len()));
    }
}

teardown_by_ref!([] TaskTracker);
