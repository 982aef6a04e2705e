//! `Process` with real shells: asked, killed, reaped, with all that they started.
#![cfg(unix)] // shells and signals; for Windows: `process_windows.rs`

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sundown::{Process, Report, ShutdownError, ShutdownGuard, must_shutdown, registry};
use sundown_tests::GENEROUS;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// With time for what ends by itself.
#[must_shutdown(timeout = "30s", on_drop = "log")]
struct Owner {
    #[shutdown]
    process: Process,
    guard: ShutdownGuard<Self>,
}

/// With little time, for what does not.
#[must_shutdown(timeout = "1500ms", on_drop = "log")]
struct Hasty {
    #[shutdown]
    process: Process,
    guard: ShutdownGuard<Self>,
}

impl From<Owner> for Hasty {
    fn from(owner: Owner) -> Self {
        owner.guard.dismiss();
        Hasty { process: owner.process.clone(), guard: ShutdownGuard::new() }
    }
}

/// One test at a time: a machine that is busy with other shells may need longer than the 100 ms in which a force is
/// confirmed, and then says so.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A shell that has printed `lines` lines, which are returned.
async fn start(script: &str, lines: usize) -> (Owner, Vec<String>) {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdout(Stdio::piped());
    let process = Process::spawn("script", command).unwrap();
    let mut output = BufReader::new(process.stdout().unwrap()).lines();
    let mut said = Vec::new();
    for _ in 0..lines {
        said.push(output.next_line().await.unwrap().unwrap());
    }
    // The reader is kept open for the script's life.
    tokio::spawn(async move { while let Ok(Some(_)) = output.next_line().await {} });
    (Owner { process, guard: ShutdownGuard::new() }, said)
}

async fn shut_down(mut owner: Owner) -> Report {
    owner.shutdown().await.unwrap_or_else(ShutdownError::into_report)
}

async fn force(owner: Owner) -> Report {
    Hasty::from(owner).shutdown().await.unwrap_or_else(ShutdownError::into_report)
}

fn said(report: &Report) -> (&'static str, String) {
    let [step] = report.steps() else { panic!("{report}") };
    (step.outcome().word(), step.detail().unwrap_or_default().to_owned())
}

/// Running, or a zombie that nobody has reaped.
fn exists(pid: &str) -> bool {
    std::path::Path::new("/proc").join(pid).exists()
}

const TRAPS: &str = "trap 'echo bye; exit 7' TERM; echo $$; while :; do sleep 0.02; done";
const IGNORES: &str = "trap '' TERM; echo $$; while :; do sleep 0.02; done";

#[tokio::test]
async fn one_that_traps_the_signal_ends_by_itself() {
    let _alone = ALONE.lock().await;
    let (owner, said_by) = start(TRAPS, 1).await;
    let process = owner.process.clone();
    let report = shut_down(owner).await;
    assert_eq!(said(&report), ("stopped", "exit status: 7".to_owned()));
    assert_eq!(process.status().unwrap().code(), Some(7));
    assert_eq!(process.id(), None);
    assert!(!exists(&said_by[0]), "no zombie");
}

#[tokio::test]
async fn one_that_ignores_it_is_killed() {
    let _alone = ALONE.lock().await;
    let (owner, said_by) = start(IGNORES, 1).await;
    let report = force(owner).await;
    let (word, detail) = said(&report);
    assert_eq!(word, "forced", "{report}");
    assert!(detail.starts_with("killed `sh` (") && detail.ends_with("signal: 9 (SIGKILL)"), "{detail}");
    assert!(!exists(&said_by[0]));
}

/// The child ends at once; its own child ignores SIGTERM and is nobody's any more.
#[tokio::test]
async fn a_grandchild_is_no_orphan() {
    let _alone = ALONE.lock().await;
    let script = "trap 'exit 0' TERM; (trap '' TERM; echo ready; while :; do sleep 0.02; done) & echo $!; wait";
    let (owner, mut said_by) = start(script, 2).await;
    said_by.retain(|line| line != "ready");
    let grandchild = said_by.pop().unwrap();
    assert!(exists(&grandchild));
    let report = force(owner).await;
    let (word, detail) = said(&report);
    assert_eq!(word, "forced", "{report}");
    assert!(detail.contains(&format!("({grandchild})")), "named: {detail}");
    assert!(detail.ends_with("exit status: 0"), "the child itself had ended well: {detail}");
    assert!(!is_running(&grandchild), "no orphan");
}

/// As a daemon is started; its parent has ended, and it is waited for already when it leaves the group.
async fn leaves_late(shut_down: impl FnOnce(Owner) -> JoinHandle<Report>) {
    let _alone = ALONE.lock().await;
    let mut command = Command::new("sh");
    command.args(["-c", "exec 3<&0; (trap '' TERM; echo ready; read go <&3; exec setsid sleep 1000) & echo $!"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let process = Process::spawn("script", command).unwrap();
    let mut go = process.stdin().unwrap();
    let mut output = BufReader::new(process.stdout().unwrap()).lines();
    let mut said_by = [output.next_line().await.unwrap().unwrap(), output.next_line().await.unwrap().unwrap()];
    said_by.sort(); // a number comes before a word
    let [daemon, _] = said_by;
    let leader = process.id().unwrap().to_string();
    while is_running(&leader) {
        sleep(Duration::from_millis(2)).await;
    }
    let report = shut_down(Owner { process, guard: ShutdownGuard::new() });
    sleep(Duration::from_millis(50)).await; // the interleaving: it is in the group, and waited for
    go.write_all(b"\n").await.unwrap();
    let report = report.await.unwrap();
    assert!(is_running(&daemon));
    assert!(std::process::Command::new("kill").args(["-KILL", &daemon]).status().unwrap().success());
    assert_eq!(said(&report), ("stopped", "exit status: 0".to_owned()));
}

#[tokio::test]
async fn one_that_leaves_the_group_is_waited_for_no_more() {
    leaves_late(|owner| tokio::spawn(shut_down(owner))).await;
}

#[tokio::test]
async fn one_that_leaves_the_group_is_waited_for_no_more_by_a_thread() {
    let shut_down = |mut owner: Owner| owner.shutdown_blocking().unwrap_or_else(ShutdownError::into_report);
    leaves_late(|owner| tokio::task::spawn_blocking(move || shut_down(owner))).await;
}

/// Not a zombie: init reaps a grandchild in its own time.
fn is_running(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

#[tokio::test]
async fn one_that_has_ended_before_it_is_asked() {
    let _alone = ALONE.lock().await;
    let (owner, said_by) = start("echo $$; exit 5", 1).await;
    assert_eq!(owner.process.wait().await.unwrap().code(), Some(5));
    assert_eq!(owner.process.wait().await.unwrap().code(), Some(5), "again");
    let report = shut_down(owner).await;
    assert_eq!(said(&report), ("stopped", "exit status: 5".to_owned()));
    assert!(!exists(&said_by[0]));
}

#[tokio::test]
async fn one_that_is_stopped_is_continued() {
    let _alone = ALONE.lock().await;
    let (owner, said_by) = start(TRAPS, 1).await;
    let stop = std::process::Command::new("kill").args(["-STOP", &said_by[0]]).status().unwrap();
    assert!(stop.success());
    assert_eq!(said(&shut_down(owner).await), ("stopped", "exit status: 7".to_owned()));
}

/// The blocking driver does not depend on the runtime, which nobody turns here.
#[test]
fn under_the_blocking_driver_with_a_runtime_that_nobody_turns() {
    let _alone = ALONE.blocking_lock();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut owner, said_by) = runtime.block_on(start(TRAPS, 1));
    let report = owner.shutdown_blocking().unwrap_or_else(ShutdownError::into_report);
    assert_eq!(said(&report).0, "stopped", "{report}");
    assert!(!exists(&said_by[0]));
    let (owner, said_by) = runtime.block_on(start(IGNORES, 1));
    let report = Hasty::from(owner).shutdown_blocking().unwrap_or_else(ShutdownError::into_report);
    assert_killed(&report, &said_by[0]);
}

/// Started in one runtime and shut down in another, which has no I/O driver.
#[test]
fn in_a_runtime_without_io() {
    let _alone = ALONE.blocking_lock();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let other = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (owner, said_by) = runtime.block_on(start(TRAPS, 1));
    let report = other.block_on(shut_down(owner));
    assert_eq!(said(&report).0, "stopped", "{report}");
    assert!(!exists(&said_by[0]));
    let (owner, said_by) = runtime.block_on(start(IGNORES, 1));
    assert_killed(&other.block_on(force(owner)), &said_by[0]);
}

/// Looks again and again: who reaps tells nobody.
fn reaped(pid: &str) -> bool {
    let end = Instant::now() + GENEROUS;
    while exists(pid) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(2));
    }
    !exists(pid)
}

/// It was forced. Who waits for it without the runtime has to look at all processes and to be woken by a thread: on a machine
/// that is busy, under a sanitizer, that takes more than the time in which a force is confirmed.
fn assert_killed(report: &Report, pid: &str) {
    let (word, detail) = said(report);
    assert!(["forced", "abandoned"].contains(&word) && detail.starts_with("killed `sh` ("), "{report}");
    assert!(reaped(pid), "{report}");
}

#[tokio::test]
async fn the_last_handle_kills_and_the_reaper_reaps() {
    let _alone = ALONE.lock().await;
    let (owner, said_by) = start(IGNORES, 1).await;
    let process = owner.process.clone();
    owner.guard.dismiss();
    drop(owner);
    assert!(exists(&said_by[0]), "there is a handle left");
    assert!(registry::snapshot().to_string().contains("Process `script`"));
    drop(process);
    assert!(reaped(&said_by[0]));
}

#[tokio::test]
async fn a_drop_of_the_owner_gives_it_its_time() {
    let _alone = ALONE.lock().await;
    let (owner, said_by) = start(TRAPS, 1).await;
    let process = owner.process.clone();
    drop(owner);
    assert!(reaped(&said_by[0]));
    assert_eq!(process.status().unwrap().code(), Some(7), "asked and awaited by the reaper, not killed");
}

#[tokio::test]
async fn two_owners_of_one_child() {
    let _alone = ALONE.lock().await;
    let (first, _) = start(TRAPS, 1).await;
    let second = Owner { process: first.process.clone(), guard: ShutdownGuard::new() };
    let (first, second) = tokio::join!(shut_down(first), shut_down(second));
    assert_eq!((said(&first).0, said(&second).0), ("stopped", "stopped"));
}

#[tokio::test]
async fn many_at_once() {
    let _alone = ALONE.lock().await;
    let mut owners = Vec::new();
    for _ in 0..16 {
        owners.push(start(TRAPS, 1).await);
    }
    let all = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut set = tokio::task::JoinSet::new();
    for (owner, said_by) in owners {
        let all = Arc::clone(&all);
        set.spawn(async move {
            let report = shut_down(owner).await;
            all.lock().unwrap().push((said(&report).0, exists(&said_by[0])));
        });
    }
    tokio::time::timeout(GENEROUS, async { while set.join_next().await.is_some() {} }).await.unwrap();
    assert!(all.lock().unwrap().iter().all(|&(word, exists)| word == "stopped" && !exists));
}

#[tokio::test]
async fn a_command_that_is_not_there_is_an_error() {
    let _alone = ALONE.lock().await;
    assert!(Process::spawn("nothing", Command::new("/no/such/program")).is_err());
}

/// A process whose main thread has ended is a `Z` in `/proc/PID/stat`, and runs.
#[tokio::test]
async fn one_whose_main_thread_has_ended_still_runs() {
    let _alone = ALONE.lock().await;
    let python = "import ctypes, signal, threading, time; \
                  signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); \
                  threading.Thread(target=time.sleep, args=(60,)).start(); ctypes.CDLL(None).pthread_exit(None)";
    let (owner, said_by) = start(&format!("trap 'exit 0' TERM; python3 -c '{python}' & echo $!; wait"), 1).await;
    let python = &said_by[0];
    let end = Instant::now() + GENEROUS;
    while is_running(python) {
        assert!(Instant::now() < end, "its main thread has ended");
        sleep(Duration::from_millis(2)).await;
    }
    let report = force(owner).await;
    assert_eq!(said(&report).0, "forced", "its other thread ran: {report}");
    assert!(reaped(python));
}

/// Under an executor that is not tokio's, with a runtime that nobody turns.
#[test]
fn under_another_executor() {
    let _alone = ALONE.blocking_lock();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (owner, _) = runtime.block_on(start(TRAPS, 1));
    assert_eq!(said(&futures_executor::block_on(shut_down(owner))).0, "stopped");
}
