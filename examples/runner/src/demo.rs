//! `runner demo`: an orderly stop, and one with everything that can go wrong; each is proved to leave nothing behind. Between
//! them the same service by hand, which hangs.

#[cfg(unix)]
mod by_hand;
mod client;
mod watch;

use std::fs::{self, File};
use std::future::Future;
use std::io::{Write as _, stdout};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use sundown::{Outcome, Report};
use tokio::runtime::Builder;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::job::{Spec, State};
use crate::proof::{Holdings, Proof};
use crate::runner::Runner;
use crate::store::Store;

/// How a scene ended: the report, and what the process held while the runner ran.
type Scene = (Report, Holdings);

/// A job that takes longer than anybody waits.
const LONG: &str = r#"{"kind":"wait","ms":3600000}"#;

/// All that goes wrong in one inbox. The jobs are claimed in this order.
const DISORDER: [&str; 3] = [
    r#"{"kind":"stuck"}"#,
    r#"{"kind":"panic","message":"the moon is in the wrong phase"}"#,
    r#"{"kind":"import","rows":250}"#,
];

/// Runs the scenes, and draws the report of the last. With `watches` it prints meanwhile what is alive.
///
/// # Errors
///
/// If what is annotated left anything behind, or the picture cannot be written.
pub fn run(svg: Option<&Path>, watches: bool) -> anyhow::Result<ExitCode> {
    print_panics();
    if watches {
        watch::begin()?;
    }
    let folder = tempfile::tempdir()?;

    println!("1. An orderly stop\n");
    let config = config(&folder.path().join("orderly"), false)?;
    let report = scene(&config, orderly(&config))?;
    ensure!(report.is_clean(), "the first scene did not stop by itself");

    println!("\n2. By hand: one job stuck, one panicking, and a child that ignores SIGTERM\n");
    #[cfg(unix)]
    by_hand::run(&self::config(&folder.path().join("by-hand"), true)?)?;
    #[cfg(not(unix))]
    println!("   left out  it listens to SIGTERM, which only Unix has");

    println!("\n3. The same, annotated\n");
    let config = self::config(&folder.path().join("disorderly"), true)?;
    let report = scene(&config, disorderly(&config))?;
    for name in ["Runner.jobs", "Runner.hook"] {
        let step = report.find(name).context("a step is missing in the report")?;
        ensure!(!step.outcome().is_stopped(), "`{name}` stopped by itself, which it should not");
    }
    ensure!(!matches!(report.outcome(), Outcome::Abandoned { .. }), "something still runs");
    if let Some(svg) = svg {
        let written = svg.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(svg, report.to_svg()));
        written.with_context(|| format!("cannot write `{}`", svg.display()))?;
        println!("   picture   {}", svg.display());
    }
    println!("\nWhat is annotated has stopped within its limits, and nothing is left.");
    Ok(ExitCode::SUCCESS)
}

/// A panic comes in its place, as a line.
pub fn print_panics() {
    std::panic::set_hook(Box::new(|panic| {
        // A closed output must not make a second panic of the first.
        let _ = writeln!(stdout(), "   panic     {}", panic.to_string().replace('\n', " "));
    }));
}

/// Runs a scene in a runtime of its own, prints its report, and proves that it leaves nothing behind.
fn scene(config: &Config, scene: impl Future<Output = anyhow::Result<Scene>>) -> anyhow::Result<Report> {
    let proof = Proof::begin();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (report, running) = runtime.block_on(scene)?;
    drop(runtime);
    println!("\n{report}\n");
    ensure!(report.limit().is_none_or(|limit| report.took() <= limit), "it took longer than its limit");
    proof.end(running, config)?;
    Ok(report)
}

async fn orderly(config: &Config) -> anyhow::Result<Scene> {
    let runner = start(config).await?;
    let (worked, stopped) = runner.with_shutdown(async |runner| work_orderly(runner, config).await).await;
    let (running, answer) = worked?;
    println!("   answered  during the shutdown: {}", answer.await??);
    Ok((stopped?, running))
}

async fn work_orderly(
    runner: &Runner,
    config: &Config,
) -> anyhow::Result<(Holdings, JoinHandle<anyhow::Result<String>>)> {
    let inbox = config.inbox();
    write_inbox(
        &inbox,
        &[
            r#"{"kind":"import","rows":200}"#,
            r#"{"kind":"import","rows":300}"#,
            r#"{"kind":"wait","ms":50}"#,
            &Spec::Count { file: inbox.clone() }.to_string(),
        ],
    )?;
    client::post_job(runner.address(), r#"{"kind":"import","rows":500}"#).await?;
    until(runner.store(), async |store| {
        let done = async |origin| store.count(origin, State::Done).await;
        Ok(done("inbox").await? == 4 && done("http").await? == 1 && done("cron").await? >= 1)
    })
    .await?;
    println!("   done      4 jobs from the inbox, 1 by HTTP, and those of the clock");

    // More than there are workers, and too long to wait for: they go back into the queue.
    for _ in 0..6 {
        client::post_job(runner.address(), LONG).await?;
    }
    until(runner.store(), async |store| Ok(store.count("http", State::Running).await? == 4)).await?;
    // A request that is under way when the shutdown begins, and is to be answered none the less.
    let rest = client::begin_to_post_job(runner.address(), LONG).await?;
    let begun = runner.jobs().token();
    let answer = tokio::spawn(async move {
        begun.cancelled().await;
        rest.await
    });
    println!("   running   4 jobs of an hour; 2 more are queued, 1 is half-way through a request");
    Ok((Holdings::now(), answer))
}

async fn disorderly(config: &Config) -> anyhow::Result<Scene> {
    let runner = start(config).await?;
    let (worked, stopped) = runner.with_shutdown(async |runner| work_disorderly(runner, config).await).await;
    let running = worked?;
    let error = stopped.err().context("a stuck job and a stubborn child stopped by themselves")?;
    println!("   error     {error}");
    Ok((error.into_report(), running))
}

async fn work_disorderly(runner: &Runner, config: &Config) -> anyhow::Result<Holdings> {
    write_inbox(&config.inbox(), &DISORDER)?;
    until(runner.store(), async |store| {
        let count = async |state| store.count("inbox", state).await;
        Ok(count(State::Done).await? == 1 && count(State::Failed).await? == 1 && count(State::Running).await? == 1)
    })
    .await?;
    println!("   running   1 job that is stuck; 1 import is done, 1 job has panicked");
    Ok(Holdings::now())
}

async fn start(config: &Config) -> anyhow::Result<Runner> {
    let runner = Runner::start(config).await?;
    println!("   runner    http://{}, {}", runner.address(), config.database());
    Ok(runner)
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
