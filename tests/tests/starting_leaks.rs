//! A start that fails at each field in turn leaves nothing behind: a file of its own, for the leak check.

use std::io;
use std::path::Path;
use std::process::Stdio;

use sundown::testing::LeakCheck;
use sundown::{CancellationToken, Process, ProcessRequest, ShutdownGuard, Tasks, Thread, must_shutdown};
use sundown_tests::GENEROUS;
use tokio::process::Command;
use tokio::runtime::Builder;
use tokio::task::JoinHandle;

#[must_shutdown(starting, timeout = "30s")]
struct Service {
    #[shutdown]
    stop: CancellationToken,
    #[shutdown(after = stop)]
    task: JoinHandle<()>,
    #[shutdown(after = task)]
    jobs: Tasks,
    #[shutdown(after = jobs)]
    thread: Thread,
    #[shutdown(after = thread)]
    child: Process,
    #[shutdown(after = child, with = async |file: &mut tokio::fs::File| file.metadata().await.map(drop))]
    file: tokio::fs::File,
    guard: ShutdownGuard<Self>,
}

const FIELDS: usize = 6;

fn fail(at: usize, field: usize) -> io::Result<()> {
    if at == field { Err(io::Error::other("half-way")) } else { Ok(()) }
}

macro_rules! start {
    ($start:expr, $at:expr) => {{
        let start = $start.stop(CancellationToken::new());
        fail($at, 1)?;
        let stopped = start.stop.clone();
        let start = start.task(tokio::spawn(async move { stopped.cancelled().await }));
        fail($at, 2)?;
        let start = start.jobs(Tasks::new());
        let token = start.jobs.token();
        let _ = start.jobs.spawn("job", async move { token.cancelled().await });
        fail($at, 3)?;
        let start = start.thread(Thread::spawn("follower", |stop| stop.wait())?);
        fail($at, 4)?;
        let start = start.child(child()?);
        fail($at, 5)?;
        let start = start.file(tokio::fs::File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).await?);
        fail($at, 6)?;
        start.finish()
    }};
}

/// This program, as a child process that ends with its input: not every system has a program that waits, and a console whose
/// events reach it.
fn child() -> io::Result<Process> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", "is_the_child"]).env("CHILD", "1").stdin(Stdio::piped()).stdout(Stdio::null());
    Ok(Process::spawn("child", command)?.with_request(ProcessRequest::CloseStdin))
}

/// No test, but what runs in the child process.
#[test]
fn is_the_child() {
    if std::env::var_os("CHILD").is_some() {
        io::copy(&mut io::stdin(), &mut io::sink()).unwrap();
    }
}

#[test]
fn nothing_is_left_of_a_start_that_fails_at_any_field() {
    // What libraries make once and keep.
    run(false, FIELDS);
    for waits in [false, true] {
        for at in 1..=FIELDS {
            let leaks = LeakCheck::new();
            run(waits, at);
            leaks.assert_none(GENEROUS);
        }
    }
}

fn run(waits: bool, at: usize) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let error = runtime.block_on(async {
        if waits {
            let started = Service::starting_with(async |start| -> io::Result<Service> { Ok(start!(start, at)) });
            let error = started.await.err().expect("it fails");
            assert!(error.report().is_clean(), "{error:?}");
            return error.to_string();
        }
        let started = async || -> io::Result<Service> { Ok(start!(Service::starting(), at)) };
        let error = started().await.err().expect("it fails");
        // The reaper has it: what is registered until then is its.
        let report = sundown::registry::shutdown_all(GENEROUS).await;
        assert!(report.is_ok(), "{report:?}");
        error.to_string()
    });
    assert_eq!(error, "half-way");
}
