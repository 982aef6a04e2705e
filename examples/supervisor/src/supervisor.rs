//! The system manager: what runs, and in which order it stops.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Context as _;
use sundown::http::Server;
use sundown::{ShutdownGuard, StartError, Tasks, Thread, must_shutdown};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::children::{self, Child};
use crate::config::Config;
use crate::figures::Figures;
use crate::pools::count;
use crate::tasks::journal::Journal;
use crate::tasks::worker::Worker;
use crate::tasks::{heartbeat, statsd, status, watcher};

/// Counts the words of the files in a spool, and looks after all that has a part in it. What has no `after` is asked at
/// the same time, so that the whole takes as long as its slowest part.
#[must_shutdown(starting)]
pub(crate) struct Supervisor {
    /// Heard by the three tasks below it.
    #[shutdown]
    stop: CancellationToken,
    #[shutdown(timeout = "1s")]
    heartbeat: JoinHandle<()>,
    #[shutdown(timeout = "1s")]
    statsd: JoinHandle<io::Result<()>>,
    #[shutdown(timeout = "1s")]
    watcher: JoinHandle<anyhow::Result<()>>,
    #[shutdown(timeout = "1s")]
    status: Server,
    /// Ends by itself: the watcher closes the queue, and what is in it is still counted.
    #[shutdown(timeout = "2s")]
    worker: JoinHandle<()>,
    #[shutdown(timeout = "1s")]
    collector: Child,
    #[shutdown(timeout = "1s")]
    indexer: Child,
    #[shutdown(timeout = "1s")]
    pipeline: Child,
    /// A rayon pool.
    #[shutdown(after = worker, timeout = "1s")]
    counting: Thread,
    /// What runs on tokio's blocking pool.
    #[shutdown(after = worker, timeout = "1s")]
    archive: Tasks,
    /// Ends by itself, behind all that write to it.
    #[shutdown(after = [heartbeat, worker, collector, indexer, pipeline], timeout = "1s")]
    journal: JoinHandle<io::Result<()>>,
    guard: ShutdownGuard<Self>,
}

impl Supervisor {
    /// Starts what has to be stopped. If a part cannot be had, what was started before it is stopped again.
    pub(crate) async fn start(config: &Config) -> Result<Self, StartError> {
        Self::starting_with(async |start| -> anyhow::Result<Self> {
            for folder in [config.spool(), config.claimed(), config.archive()] {
                fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
            }
            let (figures, stop, archive) = (Arc::<Figures>::default(), CancellationToken::new(), Tasks::new());
            let (journal, writes) =
                Journal::begin(&config.journal()).await.with_context(|| config.journal().display().to_string())?;
            let start = start.journal(writes).stop(stop.clone()).archive(archive.clone());

            let metrics = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let collector = children::collector(metrics.local_addr()?, &journal).await?;
            let start = start.collector(collector);
            let start = start.indexer(children::indexer(&config.archive(), config.bad, &journal).await?);
            let start = start.pipeline(children::pipeline(&config.journal(), config.bad, &journal).await?);

            let (counting, counter) = count::start(config.bad)?;
            let start = start.counting(counting);
            let (queue, queued) = mpsc::channel(16);
            let (folder, written) = (config.archive(), journal.clone());
            let worker = Worker { counter, archive, folder, figures: Arc::clone(&figures), journal: written };
            let start = start.worker(tokio::spawn(worker.work(queued)));
            let watch = watcher::watch(config.spool(), config.claimed(), queue, stop.clone());
            let start = start.watcher(tokio::spawn(watch));
            let start = start.statsd(tokio::spawn(statsd::receive(metrics, Arc::clone(&figures), stop.clone())));
            let start = start.status(status::serve(config.listen, Arc::clone(&figures)).await?);
            let address = start.status.local_addr().context("it is TCP")?;
            journal.write(format!("spool: {}", config.spool().display())).await;
            journal.write(format!("status: http://{address}/status")).await;
            // A bad one has a token that nobody cancels.
            let heard = if config.bad { CancellationToken::new() } else { stop };
            Ok(start.heartbeat(tokio::spawn(heartbeat::beat(figures, journal, heard))).finish())
        })
        .await
    }
}
