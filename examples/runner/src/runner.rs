//! The service: what runs, and in which order it stops.

use std::net::SocketAddr;

use anyhow::Context as _;
use sundown::http::Server;
use sundown::{ShutdownGuard, StartError, Tasks, Thread, must_shutdown};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::executor::Executor;
use crate::hook::Hook;
use crate::store::Store;
use crate::{cron, inbox, status};

/// A small workflow service: jobs come from a file, the clock and HTTP, and are run a few at a time.
#[must_shutdown(timeout = "6s", starting)]
#[derive(Debug)]
pub struct Runner {
    /// Heard by the two loops below it, and by requests that wait for a job.
    #[shutdown]
    stop: CancellationToken,
    #[shutdown]
    cron: JoinHandle<()>,
    #[shutdown]
    dispatcher: JoinHandle<()>,
    /// An OS thread that follows a file.
    #[shutdown(timeout = "1s")]
    inbox: Thread,
    /// The endpoint. It accepts no more, and answers what is under way; a connection that outlives its deadline is aborted,
    /// and named in the report by its peer and its request.
    #[shutdown(timeout = "1s")]
    status: Server,
    /// Asked at the same time as the dispatcher, which may be waiting for a lock that a job holds. What it claims after
    /// that cannot be spawned any more and goes back into the queue. A job that panics has its row, and stops nothing.
    #[shutdown(timeout = "2s", on_end = "ignore")]
    jobs: Tasks,
    /// A child process that gets a notice of every job's end.
    #[shutdown(after = [dispatcher, jobs], timeout = "1s")]
    hook: Hook,
    /// Closes last: the rows of jobs that had to be aborted are settled here.
    #[shutdown(after = [cron, dispatcher, inbox, status, jobs], with = Store::close)]
    store: Store,
    pub(crate) guard: ShutdownGuard<Self>,
}

impl Runner {
    /// Starts what has to be stopped. If a part cannot be had, what was started before it is stopped again.
    ///
    /// # Errors
    ///
    /// If the folder, the database, the address or the hook cannot be had.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        Self::starting_with(async |start| -> anyhow::Result<Self> {
            std::fs::create_dir_all(&config.data)
                .with_context(|| format!("cannot make `{}`", config.data.display()))?;
            let store = Store::open(&config.database(), &config.name).await?;
            let start = start.store(store.clone());
            let server =
                status::listen(config.listen).await.with_context(|| format!("cannot listen on {}", config.listen))?;

            let (stop, jobs) = (CancellationToken::new(), Tasks::new());
            let start = start.stop(stop.clone()).jobs(jobs.clone());
            let hook = Hook::start(&config.notices(), config.stubborn_hook).context("cannot start the hook")?;
            let executor = Executor { store: store.clone(), jobs: jobs.clone(), notices: hook.notices() };
            let start = start.hook(hook);
            let start = start.inbox(inbox::follow(&config.inbox(), store.clone())?);
            let start = start.status(server.serve(status::router(store.clone(), jobs, stop.clone())));
            let start = start.cron(tokio::spawn(cron::keep(config.cron.clone(), store, stop.clone())));
            Ok(start.dispatcher(tokio::spawn(executor.dispatch(config.workers, stop))).finish())
        })
        .await
    }

    /// Where its endpoint listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.status.local_addr().expect("it is TCP")
    }

    /// The queue, and what became of the jobs.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The jobs that run.
    #[must_use]
    pub fn jobs(&self) -> &Tasks {
        &self.jobs
    }
}
