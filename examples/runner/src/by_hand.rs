//! The same service by hand, as it is often written: `runner by-hand`. The demo shows what becomes of it.
//!
//! It listens to SIGTERM, stops its loops, lets the jobs end, and closes the database last. Nothing bounds the wait for a job,
//! a job that panics keeps its row, and a kill of the process then kills neither the hook nor what that has started.

use std::future::IntoFuture as _;
use std::process::Stdio;

use axum::Router;
use axum::routing::get;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::inbox::Inbox;
use crate::job::{Job, State};
use crate::store::Store;
use crate::{cron, hook, work};

/// Runs until SIGTERM.
///
/// # Errors
///
/// If a part of it cannot be had, or fails.
#[tokio::main]
pub async fn serve(config: &Config) -> anyhow::Result<()> {
    std::fs::create_dir_all(&config.data)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (stop, mut jobs) = (CancellationToken::new(), JoinSet::new());
    let store = Store::open(&config.database(), &config.name).await?;
    let mut command = hook::command(&config.notices(), config.stubborn_hook)?;
    let mut hook = command.stdin(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut notices = hook.stdin.take().expect("it is piped");
    let listener = TcpListener::bind(config.listen).await?;
    let address = listener.local_addr()?;
    let server = axum::serve(listener, router(store.clone())).with_graceful_shutdown(stop.clone().cancelled_owned());
    let server = tokio::spawn(server.into_future());
    let inbox = Inbox::open(&config.inbox(), store.clone())?;
    let inbox = tokio::spawn(inbox.follow(stop.clone().cancelled_owned()));
    let cron = tokio::spawn(cron::keep(config.cron.clone(), store.clone(), stop.clone()));

    println!("   by hand   http://{address}, {}", config.database());
    let mut changes = store.changes();
    loop {
        changes.borrow_and_update();
        while jobs.len() < config.workers
            && let Some(job) = store.claim().await?
        {
            jobs.spawn(run(job, store.clone(), stop.clone()));
        }
        tokio::select! {
            _ = terminate.recv() => break,
            _ = changes.changed() => {}
            Some(ended) = jobs.join_next() => match ended {
                Ok(Ok(notice)) => notices.write_all(notice.as_bytes()).await?,
                Ok(Err(error)) => println!("   failed    {error:#}"),
                Err(error) => println!("   failed    {error}"),
            },
        }
    }
    println!("   stopping  SIGTERM");
    stop.cancel();
    cron.await?;
    inbox.await??;
    server.await??;
    while jobs.join_next().await.is_some() {} // for as long as it takes
    drop(notices);
    hook.wait().await?;
    store.close().await?;
    Ok(())
}

/// Runs a job. Returns the notice for the hook.
async fn run(job: Job, store: Store, stop: CancellationToken) -> anyhow::Result<String> {
    let state = work::run(&job, &store, &stop).await?;
    if state == State::Done {
        println!("   done      job {}: {}", job.id, job.spec);
    }
    Ok(format!("{} {} {}\n", state.as_str(), job.id, job.spec))
}

fn router(store: Store) -> Router {
    let status = async move || match store.counts().await {
        Ok(counts) => format!("{counts:?}\n"),
        Err(error) => format!("{error:#}\n"),
    };
    Router::new().route("/status", get(status))
}
