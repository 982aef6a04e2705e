//! `Process` with a chain of processes, where each starts the next one and ends at once, and beside a storm of processes of
//! others.
#![cfg(unix)]

use std::fs;
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use sundown::{Process, ShutdownGuard, must_shutdown};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::runtime::Builder;

#[must_shutdown(timeout = "30s", on_drop = "log")]
struct Owner {
    #[shutdown]
    process: Process,
    guard: ShutdownGuard<Self>,
}

/// One test at a time: the storm is for one of them.
static ALONE: Mutex<()> = Mutex::new(());

fn alone(test: impl Future<Output = ()>) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

/// A chain with this number of processes, and the file that the last one makes.
fn chain(links: usize, name: &str) -> (Process, PathBuf) {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&file);
    let mut command = Command::new(env!("CARGO_BIN_EXE_chain"));
    command.arg(links.to_string()).arg(&file);
    (Process::spawn("chain", command).unwrap(), file)
}

/// A look that comes too late for each of them, and too early for the next one, takes none for all.
#[test]
fn a_chain_has_ended_when_its_last_process_has() {
    alone(chains());
}

async fn chains() {
    let mut early = 0;
    let runs = std::env::var("SUNDOWN_CHAINS").map_or(20, |runs| runs.parse().unwrap());
    for _ in 0..runs {
        let (process, file) = chain(400, "a_chain");
        assert!(process.wait().await.unwrap().success());
        early += usize::from(!file.exists());
    }
    assert_eq!(early, 0, "of {runs} waits ended before the last process has");
}

/// Those of others come and go all the time, and are none of its own.
#[test]
fn beside_a_storm_of_processes() {
    let enough = AtomicBool::new(false);
    let storm = || {
        while !enough.load(Ordering::Relaxed) {
            std::process::Command::new("true").status().unwrap();
        }
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(storm);
        }
        let rounds = catch_unwind(|| alone(rounds()));
        enough.store(true, Ordering::Relaxed);
        rounds.unwrap();
    });
}

async fn rounds() {
    for _ in 0..10 {
        let mut command = Command::new("sh");
        command.args(["-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.02; done"]).stdout(Stdio::piped());
        let process = Process::spawn("script", command).unwrap();
        let mut output = BufReader::new(process.stdout().unwrap()).lines();
        assert_eq!(output.next_line().await.unwrap().as_deref(), Some("ready"));
        let report = Owner { process, guard: ShutdownGuard::new() }.shutdown().await.unwrap();
        assert_eq!(report.find("Owner.process").unwrap().detail(), Some("exit status: 7"), "{report}");
    }
}
