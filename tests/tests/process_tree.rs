//! `Process::spawn_tree` with what leaves its group: found, requested, killed, and named.
#![cfg(target_os = "linux")] // elsewhere it is the same as `Process::spawn`

use std::fs;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sundown::{Process, Report, ShutdownError, ShutdownGuard, must_shutdown};
use sundown_tests::GENEROUS;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::sync::Mutex;

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

/// One test at a time: a busy machine may need longer than the 100 ms in which a force is confirmed.
static ALONE: Mutex<()> = Mutex::const_new(());

/// What a test has started, by a variable in the environment of all of it.
struct Mark(String);

impl Mark {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        Mark(format!("{} {}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)))
    }

    /// Those of them that run, by id. A zombie has no environment.
    fn alive(&self) -> Vec<String> {
        let entry = format!("SUNDOWN_TEST={}\0", self.0);
        let has_it = |pid: &String| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(&entry)
        };
        let names = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| name.parse::<u32>().is_ok()).filter(has_it).collect()
    }

    /// Who kills tells nobody.
    fn assert_gone_soon(&self) {
        let end = Instant::now() + GENEROUS;
        while !self.alive().is_empty() {
            assert!(Instant::now() < end, "{:?}", self.alive());
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        for pid in self.alive() {
            let _ = std::process::Command::new("kill").args(["-KILL", &pid]).status();
        }
    }
}

fn command(mark: &Mark, script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).env("SUNDOWN_TEST", &mark.0).stdout(Stdio::piped());
    command
}

/// A tree that has printed `lines` lines, which are returned.
async fn start(script: &str, lines: usize) -> (Mark, Process, Vec<String>) {
    let mark = Mark::new();
    let process = Process::spawn_tree("script", command(&mark, script)).unwrap();
    let said = read(&process, lines).await;
    (mark, process, said)
}

async fn read(process: &Process, lines: usize) -> Vec<String> {
    let mut output = BufReader::new(process.stdout().unwrap()).lines();
    let mut said = Vec::new();
    for _ in 0..lines {
        said.push(output.next_line().await.unwrap().unwrap());
    }
    // The reader is kept open for the script's life.
    tokio::spawn(async move { while let Ok(Some(_)) = output.next_line().await {} });
    said
}

async fn shut_down(process: &Process) -> Report {
    let mut owner = Owner { process: process.clone(), guard: ShutdownGuard::new() };
    owner.shutdown().await.unwrap_or_else(ShutdownError::into_report)
}

async fn force(process: &Process) -> Report {
    let mut owner = Hasty { process: process.clone(), guard: ShutdownGuard::new() };
    owner.shutdown().await.unwrap_or_else(ShutdownError::into_report)
}

fn said(report: &Report) -> (&'static str, String) {
    let [step] = report.steps() else { panic!("{report}") };
    (step.outcome().word(), step.detail().unwrap_or_default().to_owned())
}

const TRAPS: &str = "trap 'exit 7' TERM";
const WAITS: &str = "while :; do sleep 0.02; done";
const IGNORES: &str = "trap \"\" TERM; echo $$; while :; do sleep 0.02; done";

/// A chain that ends some day; init needs its time for each.
const CHAIN: &str = concat!(env!("CARGO_BIN_EXE_chain"), " 5000 /dev/null 5000");

/// The script goes on to wait, with a daemon of two forks and a session of its own.
fn daemon() -> String {
    format!("{TRAPS}; setsid sh -c 'setsid sleep 1000 & echo $!'; {WAITS}")
}

#[tokio::test]
async fn a_daemon_is_requested_too() {
    let _alone = ALONE.lock().await;
    let (mark, process, daemon) = start(&daemon(), 1).await;
    let report = shut_down(&process).await;
    let (word, detail) = said(&report);
    let (_, ended) = detail.split_once("exit status: 7; outside its group: ended ").expect("it is named");
    // Not by its program, which it may begin with just now; and not alone, if its parent has not ended yet.
    let is_named = ended.contains(&format!("({})", daemon[0]));
    assert!(word == "stopped" && is_named, "{report}");
    assert_eq!(mark.alive(), [""; 0]);
}

/// What a tree is for.
#[tokio::test]
async fn of_a_mere_group_the_daemon_is_left() {
    let _alone = ALONE.lock().await;
    let mark = Mark::new();
    let process = Process::spawn("script", command(&mark, &daemon())).unwrap();
    let daemon = read(&process, 1).await;
    assert_eq!(said(&shut_down(&process).await), ("stopped", "exit status: 7".to_owned()));
    let end = Instant::now() + GENEROUS;
    while mark.alive() != daemon {
        assert!(Instant::now() < end, "{daemon:?} is left, and not {:?}", mark.alive());
        tokio::task::yield_now().await; // it has no environment while it begins with its program
    }
}

#[tokio::test]
async fn a_pipeline_in_sessions_of_its_own() {
    let _alone = ALONE.lock().await;
    let script = format!("{TRAPS}; setsid yes | setsid cat | setsid cat >/dev/null & echo ready; {WAITS}");
    let (mark, process, _) = start(&script, 1).await;
    assert_eq!(said(&shut_down(&process).await).0, "stopped");
    assert_eq!(mark.alive(), [""; 0]);
}

#[tokio::test]
async fn a_daemon_that_ignores_it_is_killed_by_name() {
    let _alone = ALONE.lock().await;
    let (mark, process, daemon) = start(&format!("{TRAPS}; setsid sh -c '{IGNORES}' & {WAITS}"), 1).await;
    let report = force(&process).await;
    let (word, detail) = said(&report);
    assert_eq!(word, "forced", "{report}");
    let named = format!("`sh` ({})", daemon[0]);
    assert!(
        detail.starts_with("killed `") && detail.contains("exit status: 7; outside its group: killed "),
        "{detail}"
    );
    let (_, killed) = detail.split_once("outside its group: killed ").unwrap();
    assert!(killed.contains(&named), "{detail}");
    assert_eq!(mark.alive(), [""; 0]);
}

#[tokio::test]
async fn one_that_is_stopped_is_continued() {
    let _alone = ALONE.lock().await;
    let traps = "trap \"exit 0\" TERM; echo $$; while :; do sleep 0.02; done";
    let (mark, process, daemon) = start(&format!("{TRAPS}; setsid sh -c '{traps}' & {WAITS}"), 1).await;
    assert!(std::process::Command::new("kill").args(["-STOP", &daemon[0]]).status().unwrap().success());
    assert_eq!(said(&shut_down(&process).await).0, "stopped");
    assert_eq!(mark.alive(), [""; 0]);
}

/// The child has ended long since. It leads the tree as long as that lives.
#[tokio::test]
async fn a_tree_lives_as_long_as_its_last_process() {
    let _alone = ALONE.lock().await;
    let mark = Mark::new();
    let mut command = command(&mark, "exec 3<&0; setsid sh -c 'echo ready; read line' <&3 & exit 3");
    let process = Process::spawn_tree("script", {
        command.stdin(Stdio::piped());
        command
    })
    .unwrap();
    read(&process, 1).await;
    let mut wait = Box::pin(process.wait());
    for _ in 0..10 {
        assert!(sundown_tests::is_pending(&mut wait).await);
        tokio::time::sleep(Duration::from_millis(10)).await; // in which the child ends
    }
    drop(process.stdin()); // which ends the other one
    assert_eq!(tokio::time::timeout(GENEROUS, wait).await.unwrap().unwrap().code(), Some(3));
    assert_eq!(said(&shut_down(&process).await), ("stopped", "exit status: 3".to_owned()));
}

/// Without the variable it is found by its parent, and known from then on.
#[tokio::test]
async fn one_with_another_environment() {
    let _alone = ALONE.lock().await;
    let ignores = r#"trap \"\" TERM; echo \$\$; while :; do sleep 0.02; done"#;
    let parent = format!("env -i PATH=$PATH setsid sh -c \"{ignores}\" & wait");
    let (_mark, process, found) = start(&format!("{TRAPS}; setsid sh -c '{parent}' & {WAITS}"), 1).await;
    let report = force(&process).await;
    let (_, detail) = said(&report);
    let (_, killed) = detail.split_once("outside its group: killed ").unwrap();
    assert!(killed.contains(&format!("({})", found[0])), "{report}");
    assert!(!fs::exists(format!("/proc/{}", found[0])).unwrap() || is_zombie(&found[0]));
}

fn is_zombie(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

/// A chain: each process of it starts the next one and ends, so that no list of processes is ever right.
#[tokio::test]
async fn one_that_forks_while_it_is_killed() {
    let _alone = ALONE.lock().await;
    for _ in 0..5 {
        let script = format!("trap '' TERM; setsid {CHAIN} & setsid {CHAIN} & {TRAPS}; echo ready; wait");
        let (mark, process, _) = start(&script, 1).await;
        let report = force(&process).await;
        // On a machine that is busy it may not be confirmed within 100 ms that nobody is left.
        assert!(["forced", "abandoned"].contains(&said(&report).0), "{report}");
        assert!(said(&report).0 == "abandoned" || mark.alive().is_empty(), "{report}");
        drop(process);
        mark.assert_gone_soon();
    }
}

/// The inner process ends by the signal, without a shutdown of its own tree.
#[tokio::test]
async fn a_tree_within_a_tree() {
    let _alone = ALONE.lock().await;
    let (mark, process, ready) = start(&format!("{TRAPS}; setsid {} & {WAITS}", env!("CARGO_BIN_EXE_nested")), 2).await;
    let inner = ready.iter().find_map(|line| line.strip_prefix("daemon ")).expect("it has said its id");
    let environment = loop {
        let environment = fs::read_to_string(format!("/proc/{inner}/environ")).unwrap();
        if !environment.is_empty() {
            break environment; // it is not while the process begins with another program
        }
    };
    let trees = environment.split('\0').find_map(|entry| entry.strip_prefix("SUNDOWN_TREE=")).unwrap();
    assert_eq!(trees.split(':').count(), 2, "{trees}");
    let report = shut_down(&process).await;
    assert!(said(&report).1.contains(&format!("` ({inner})")), "{report}");
    assert_eq!(mark.alive(), [""; 0]);
}

#[tokio::test]
async fn the_last_handle_kills_all() {
    let _alone = ALONE.lock().await;
    let script = format!("setsid {CHAIN} & setsid sh -c '{IGNORES}' & wait");
    let (mark, process, _) = start(&script, 1).await;
    drop(process);
    mark.assert_gone_soon();
}

#[test]
fn under_the_blocking_driver_with_a_runtime_that_nobody_turns() {
    let _alone = ALONE.blocking_lock();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mark, process, _) = runtime.block_on(start(&format!("{TRAPS}; setsid sh -c '{IGNORES}' & {WAITS}"), 1));
    let mut owner = Hasty { process, guard: ShutdownGuard::new() };
    let report = owner.shutdown_blocking().unwrap_or_else(ShutdownError::into_report);
    assert_eq!(said(&report).0, "forced", "{report}");
    assert_eq!(mark.alive(), [""; 0]);
}

/// It has no mark of ours, and its parent ends by the signal: it must be known before.
#[tokio::test]
async fn one_that_is_known_by_its_parent_alone_is_no_orphan() {
    let _alone = ALONE.lock().await;
    let mark = Mark::new();
    let script = "setsid env -i SUNDOWN_TEST=\"$SUNDOWN_TEST\" sleep 1000 & echo started; wait";
    for shuts_down in [true, false] {
        let process = Process::spawn_tree("script", command(&mark, script)).unwrap();
        read(&process, 1).await;
        let end = Instant::now() + GENEROUS;
        while !mark
            .alive()
            .iter()
            .any(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|it| it == "sleep\n"))
        {
            assert!(Instant::now() < end, "it begins with its program");
            tokio::task::yield_now().await;
        }
        if shuts_down {
            let (outcome, detail) = said(&shut_down(&process).await);
            assert!(outcome == "stopped" && detail.contains("outside its group: ended `sleep`"), "{outcome}: {detail}");
            assert_eq!(mark.alive(), [""; 0]);
        }
        drop(process);
        mark.assert_gone_soon();
    }
}
