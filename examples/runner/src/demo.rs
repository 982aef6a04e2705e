//! `runner demo`: an orderly stop, and one with everything that can go wrong; each is proved to leave nothing behind.

mod client;

use std::fs::File;
use std::future::Future;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use sundown::{Outcome, Report};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::job::State;
use crate::proof::{Holdings, Proof};
use crate::runner::Runner;
use crate::store::Store;

/// How a scene ended: the report, and what the process held while the runner ran.
type Scene = (Report, Holdings);

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    std::panic::set_hook(Box::new(|panic| println!("   panic     {}", panic.to_string().replace('\n', " "))));
    warm_up()?;
    let folder = tempfile::tempdir()?;

    println!("1. An orderly stop\n");
    let config = config(&folder.path().join("orderly"), false)?;
    let report = scene(&config, orderly(&config))?;
    ensure!(report.is_clean(), "the first scene did not stop by itself");

    println!("\n2. One job stuck, one panicking, and a child that ignores SIGTERM\n");
    let config = self::config(&folder.path().join("disorderly"), true)?;
    let report = scene(&config, disorderly(&config))?;
    for name in ["Runner.jobs", "Runner.hook"] {
        let step = report.find(name).context("a step is missing in the report")?;
        ensure!(!step.outcome().is_stopped(), "`{name}` stopped by itself, which it should not");
    }
    ensure!(!matches!(report.outcome(), Outcome::Abandoned { .. }), "something still runs");
    println!("\nBoth stopped within their limits, and nothing is left.");
    Ok(ExitCode::SUCCESS)
}

/// Runs a scene in a runtime of its own, prints its report, and proves that it leaves nothing behind.
fn scene(config: &Config, scene: impl Future<Output = anyhow::Result<Scene>>) -> anyhow::Result<Report> {
    let proof = Proof::begin();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (report, running) = runtime.block_on(scene)?;
    drop(runtime);
    println!("\n{report}\n");
    proof.end(running, config)?;
    Ok(report)
}

async fn orderly(config: &Config) -> anyhow::Result<Scene> {
    let mut runner = Runner::start(config).await?;
    let store = runner.store().clone();
    println!("   runner    http://{}, {}", runner.address(), config.database());

    write_inbox(
        &config.inbox(),
        &[
            r#"{"kind":"import","rows":200}"#,
            r#"{"kind":"import","rows":300}"#,
            r#"{"kind":"wait","ms":50}"#,
            &format!(r#"{{"kind":"count","file":{:?}}}"#, config.inbox()),
        ],
    )?;
    client::post_job(runner.address(), r#"{"kind":"import","rows":500}"#).await?;
    until(&store, async |store| {
        let done = async |origin| store.count(origin, State::Done).await;
        Ok(done("inbox").await? == 4 && done("http").await? == 1 && done("cron").await? >= 1)
    })
    .await?;
    println!("   work      4 jobs from the inbox, 1 by HTTP and 1 by the clock are done");

    // More than there are workers, and too long to wait for: they go back into the queue.
    for _ in 0..6 {
        client::post_job(runner.address(), r#"{"kind":"wait","ms":3600000}"#).await?;
    }
    until(&store, async |store| Ok(store.count("http", State::Running).await? == 4)).await?;
    let waiting = tokio::spawn(client::wait_for_job(runner.address(), 6));
    println!("   work      4 long jobs run, 2 are queued");
    let running = Holdings::now();

    let start = Instant::now();
    let report = runner.shutdown().await?;
    println!("   stop      returned after {:.1?}", start.elapsed());
    let _ = waiting.await?;
    Ok((report, running))
}

async fn disorderly(config: &Config) -> anyhow::Result<Scene> {
    let mut runner = Runner::start(config).await?;
    let store = runner.store().clone();
    println!("   runner    http://{}, {}", runner.address(), config.database());

    write_inbox(
        &config.inbox(),
        &[
            r#"{"kind":"stuck"}"#,
            r#"{"kind":"panic","message":"the moon is in the wrong phase"}"#,
            r#"{"kind":"import","rows":250}"#,
        ],
    )?;
    until(&store, async |store| {
        let count = async |state| store.count("inbox", state).await;
        Ok(count(State::Done).await? == 1 && count(State::Failed).await? == 1 && count(State::Running).await? == 1)
    })
    .await?;
    println!("   work      1 import is done, 1 job has panicked, 1 is stuck");
    let running = Holdings::now();

    let start = Instant::now();
    let error = runner.shutdown().await.err().context("a stuck job and a stubborn child stopped by themselves")?;
    println!("   stop      returned after {:.1?}: {error}", start.elapsed());
    Ok((error.into_report(), running))
}

fn config(data: &Path, stubborn_hook: bool) -> anyhow::Result<Config> {
    Ok(Config {
        database: None,
        data: data.to_owned(),
        listen: ([127, 0, 0, 1], 0).into(),
        workers: 4,
        cron: vec![r#"* * * * * * = {"kind":"import","rows":10}"#.parse()?],
        name: "demo".to_owned(),
        stubborn_hook,
    })
}

/// What tokio makes once per process and keeps, so that it does not look like a leak: the pipe of its signal driver.
fn warm_up() -> anyhow::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    drop(runtime.block_on(async { signal(SignalKind::child()) })?);
    Ok(())
}

fn write_inbox(inbox: &Path, lines: &[&str]) -> anyhow::Result<()> {
    let mut file = File::options().append(true).open(inbox)?;
    Ok(file.write_all((lines.join("\n") + "\n").as_bytes())?)
}

/// Waits for a change of the store that makes the condition true.
async fn until(store: &Store, condition: impl AsyncFn(&Store) -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let mut changes = store.changes();
    loop {
        changes.borrow_and_update();
        if condition(store).await? {
            return Ok(());
        }
        changes.changed().await?;
    }
}
