//! Takes jobs from the queue and runs them, a few at a time.

use std::any::Any;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;

use futures_util::FutureExt as _;
use sundown::Tasks;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::job::{Job, Spec, State};
use crate::store::Store;
use crate::work;

/// What a job needs to run.
#[derive(Clone)]
pub(crate) struct Executor {
    pub(crate) store: Store,
    pub(crate) jobs: Tasks,
    pub(crate) notices: mpsc::Sender<String>,
}

impl Executor {
    /// Claims jobs until `stop`: whenever a worker is free and the queue has something.
    pub(crate) async fn dispatch(self, workers: usize, stop: CancellationToken) {
        let workers = Arc::new(Semaphore::new(workers));
        let mut changes = self.store.changes();
        // The semaphore is never closed, so `Ok` fails to match only when it is time to stop.
        while let Some(Ok(worker)) = stop.run_until_cancelled(Arc::clone(&workers).acquire_owned()).await {
            // Marked as seen before the look into the queue, so that a job which arrives after the look wakes us.
            changes.borrow_and_update();
            match self.store.claim().await {
                Ok(Some(job)) => self.start(job, worker).await,
                Ok(None) => {
                    stop.run_until_cancelled(changes.changed()).await;
                }
                Err(error) => {
                    tracing::error!("cannot claim a job: {error:#}");
                    stop.run_until_cancelled(changes.changed()).await;
                }
            }
        }
    }

    async fn start(&self, job: Job, worker: OwnedSemaphorePermit) {
        let id = job.id;
        let name = format!("{} #{id}", Spec::parse(&job.spec).map_or("job", |spec| spec.kind()));
        let executor = self.clone();
        let run = async move {
            executor.run(job).await;
            drop(worker);
        };
        // Closed: the shutdown has come in between, and the job was not begun.
        if self.jobs.spawn(name, run).is_err()
            && let Err(error) = self.store.finish(id, State::Queued, "").await
        {
            tracing::error!("cannot put job {id} back into the queue: {error}");
        }
    }

    /// Runs one job. Its row gets an end whatever it does; a panic goes on, to be seen in the report of the shutdown.
    async fn run(&self, job: Job) {
        let id = job.id;
        let end = AssertUnwindSafe(work::run(&job, &self.store, &self.jobs.token())).catch_unwind().await;
        let (state, note) = match &end {
            Ok(Ok(state)) => (*state, String::new()),
            Ok(Err(error)) => (State::Failed, format!("{error:#}")),
            Err(payload) => (State::Failed, format!("panicked: {}", message(&**payload))),
        };
        if state == State::Failed
            && let Err(error) = self.store.finish(id, state, &note).await
        {
            tracing::error!("cannot mark job {id} as failed: {error}");
        }
        tracing::info!(id, state = state.as_str(), note, "{}", job.spec);
        if state.is_final() {
            // The hook may have ended; the row says all that the notice would.
            let _ = self.notices.send(format!("{} {id} {}", state.as_str(), job.spec)).await;
        }
        if let Err(payload) = end {
            resume_unwind(payload);
        }
    }
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message")
}
