//! What the children do, and what becomes of them.

use std::io::{Read as _, Write as _};
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};
use std::os::windows::process::CommandExt as _;
use std::process::{ExitCode, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use sundown::{Process, ProcessRequest, Report, ShutdownGuard, must_shutdown};
use sundown_tests::{GENEROUS, run_cases};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use windows_sys::Win32::Foundation::WAIT_OBJECT_0;
use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, GenerateConsoleCtrlEvent};
use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, OpenProcess, PROCESS_SYNCHRONIZE, WaitForSingleObject,
};

#[must_shutdown(timeout = "5s", on_drop = "log")]
struct Owner {
    #[shutdown]
    process: Process,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown(timeout = "5s", on_drop = "log")]
struct Bare {
    #[shutdown]
    std: Option<std::process::Child>,
    #[shutdown]
    tokio: Option<tokio::process::Child>,
    guard: ShutdownGuard<Self>,
}

/// This program, in a role.
fn role(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env("ROLE", role).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// What a child does.
fn play(role: &str) {
    let runtime = runtime();
    match role {
        "listens" => runtime.block_on(async {
            let mut asked = tokio::signal::windows::ctrl_break().unwrap();
            say("ready");
            tokio::select! {
                _ = asked.recv() => std::process::exit(7),
                _ = end_of_input() => std::process::exit(8),
            }
        }),
        "ignores" => runtime.block_on(async {
            let mut asked = tokio::signal::windows::ctrl_break().unwrap();
            say(&std::process::id().to_string());
            loop {
                asked.recv().await;
            }
        }),
        "reads" => {
            say("ready");
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(5);
        }
        // More than a pipe takes, when it is asked.
        "floods" => {
            say("ready");
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            let all = vec![b'x'; 1 << 20];
            std::io::stdout().write_all(&all).and_then(|()| std::io::stderr().write_all(&all)).unwrap();
            std::process::exit(6);
        }
        // Goes at once when it is asked; its own child does not.
        "has a child" => runtime.block_on(async {
            let mut asked = tokio::signal::windows::ctrl_break().unwrap();
            let mut child = self::role("ignores");
            let mut child = child.stdout(Stdio::inherit()).spawn().unwrap(); // which says its id
            tokio::select! {
                _ = asked.recv() => std::process::exit(0),
                _ = end_of_input() => std::process::exit(0),
                _ = child.wait() => unreachable!(),
            }
        }),
        "is cut off" => runtime.block_on(async {
            let mut child = self::role("ignores");
            child.stdout(Stdio::inherit());
            let child = Process::spawn("child", child).unwrap();
            let _ = std::io::stdin().read(&mut [0]);
            std::mem::forget(child);
            std::process::abort();
        }),
        other => unreachable!("{other}"),
    }
}

async fn end_of_input() {
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        ended.send(())
    });
    let _ = end.await;
}

fn say(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Whether a console event can be sent from here. Wine 8 has none for those that were started by a Unix process.
fn has_console_events() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    *HAS.get_or_init(|| {
        let mut probe = role("ignores").as_std_mut().creation_flags(CREATE_NEW_PROCESS_GROUP).spawn().unwrap();
        // SAFETY: the call takes two numbers.
        #[allow(unsafe_code, reason = "std has no console events")]
        let sent = unsafe { GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, probe.id()) };
        probe.kill().and_then(|()| probe.wait()).unwrap();
        sent != 0
    })
}

/// A child that has printed a line, which is returned. It is asked by CTRL_BREAK, or where that is not to be had by the end
/// of its input.
async fn start(command: Command) -> (Owner, String) {
    let mut process = Process::spawn("child", command).unwrap();
    if !has_console_events() {
        process = process.with_request(ProcessRequest::CloseStdin);
    }
    let line = first_line(process.stdout().unwrap()).await;
    (Owner { process, guard: ShutdownGuard::new() }, line)
}

async fn first_line(output: tokio::process::ChildStdout) -> String {
    let mut lines = BufReader::new(output).lines();
    let line = tokio::time::timeout(GENEROUS, lines.next_line()).await.expect("it says something").unwrap();
    // The reader is kept open for the child's life.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    line.expect("it says something")
}

async fn shut_down(mut owner: Owner) -> Report {
    owner.shutdown().await.unwrap_or_else(sundown::ShutdownError::into_report)
}

fn said(report: &Report) -> (&'static str, String) {
    let step = report.find("Owner.process").unwrap();
    (step.outcome().word(), step.detail().unwrap_or_default().to_owned())
}

/// A process that may end.
struct Watched(Option<OwnedHandle>);

impl Watched {
    /// `id`, as the process itself says it.
    #[allow(unsafe_code, reason = "std opens no process by its id")]
    fn new(id: &str) -> Self {
        // SAFETY: the call takes numbers; the handle is new.
        let handle = unsafe { OpenProcess(PROCESS_SYNCHRONIZE, 0, id.trim().parse().unwrap()) };
        // SAFETY: it is new, and not null.
        Watched((!handle.is_null()).then(|| unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    #[allow(unsafe_code, reason = "std waits for children alone")]
    fn ends_within(&self, time: Duration) -> bool {
        // SAFETY: the handle is open.
        self.0.as_ref().is_none_or(|handle| unsafe {
            WaitForSingleObject(handle.as_raw_handle(), time.as_millis() as u32) == WAIT_OBJECT_0
        })
    }
}

async fn one_that_listens_ends_by_itself() {
    let (owner, _) = start(role("listens")).await;
    let process = owner.process.clone();
    let report = shut_down(owner).await;
    let code = if has_console_events() { 7 } else { 8 };
    assert_eq!(said(&report), ("stopped", format!("exit code: {code}")));
    assert_eq!((process.status().unwrap().code(), process.id()), (Some(code), None));
}

async fn a_request_that_cannot_be_sent_is_said_so() {
    if has_console_events() {
        return println!("not here: there is a console");
    }
    let (owner, _) = start(role("listens")).await;
    let _ = owner.process.clone().with_request(ProcessRequest::Signal);
    let report = shut_down(owner).await;
    assert_eq!(said(&report).0, "failed", "{report}");
    assert!(report.to_string().contains("(os error "), "{report}");
}

async fn one_that_ignores_it_is_killed() {
    let (owner, id) = start(role("ignores")).await;
    let child = Watched::new(&id);
    assert!(!child.ends_within(Duration::ZERO));
    let report = shut_down(owner).await;
    let (word, detail) = said(&report);
    assert_eq!(word, "forced", "{report}");
    assert!(detail.starts_with("killed `process_windows-") && detail.ends_with("exit code: 1"), "{detail}");
    assert!(detail.contains(&format!("({})", id.trim())), "{detail}");
    assert!(child.ends_within(Duration::ZERO));
}

/// The child ends at once; its own child ignores CTRL_BREAK and is nobody's any more.
async fn a_grandchild_is_no_orphan() {
    let (owner, grandchild) = start(role("has a child")).await;
    let watched = Watched::new(&grandchild);
    assert!(!watched.ends_within(Duration::ZERO));
    let report = shut_down(owner).await;
    let (word, detail) = said(&report);
    assert_eq!(word, "forced", "{report}");
    assert!(detail.contains(&format!("({})", grandchild.trim())), "named: {detail}");
    assert!(detail.ends_with("exit code: 0"), "the child itself had ended well: {detail}");
    assert!(watched.ends_within(Duration::ZERO), "no orphan");
}

/// `cmd` waits for what it has started.
async fn what_cmd_starts_goes_with_it() {
    let mut command = Command::new("cmd");
    command.arg("/c").arg(std::env::current_exe().unwrap()).env("ROLE", "ignores");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let (owner, id) = start(command).await;
    let watched = Watched::new(&id);
    assert!(!watched.ends_within(Duration::ZERO));
    let report = shut_down(owner).await;
    let (word, detail) = said(&report);
    assert_eq!(word, "forced", "{report}");
    assert!(detail.contains(&format!("({})", id.trim())), "{detail}");
    assert!(watched.ends_within(Duration::ZERO));
}

async fn one_that_is_asked_by_the_end_of_its_input() {
    let (owner, _) = start(role("reads")).await;
    let owned = owner.process.clone().with_request(ProcessRequest::CloseStdin);
    drop(owned);
    assert_eq!(said(&shut_down(owner).await), ("stopped", "exit code: 5".to_owned()));
}

async fn an_input_that_was_taken_is_said_so() {
    let (owner, _) = start(role("reads")).await;
    let input = owner.process.stdin();
    let _ = owner.process.clone().with_request(ProcessRequest::CloseStdin);
    let report = shut_down(owner).await;
    assert!(report.to_string().contains("its standard input was not piped, or was taken"), "{report}");
    drop(input);
}

async fn one_that_has_ended_before_it_is_asked() {
    let mut command = Command::new("cmd");
    command.args(["/c", "echo done& exit 3"]).stdout(Stdio::piped());
    let (owner, _) = start(command).await;
    for _ in 0..2 {
        assert_eq!(owner.process.wait().await.unwrap().code(), Some(3));
    }
    assert_eq!(said(&shut_down(owner).await), ("stopped", "exit code: 3".to_owned()));
}

async fn the_last_handle_kills_all_of_them() {
    let (owner, grandchild) = start(role("has a child")).await;
    let watched = Watched::new(&grandchild);
    let process = owner.process.clone();
    owner.guard.dismiss();
    drop(owner);
    assert!(!watched.ends_within(Duration::from_millis(50)), "there is a handle left");
    drop(process);
    assert!(watched.ends_within(GENEROUS));
}

/// Whatever becomes of this process, the OS closes its handles.
async fn a_process_that_aborts_leaves_nobody() {
    let mut owner = role("is cut off").spawn().unwrap();
    let id = first_line(owner.stdout.take().unwrap()).await;
    let child = Watched::new(&id);
    assert!(!child.ends_within(Duration::ZERO));
    drop(owner.stdin.take());
    assert!(child.ends_within(GENEROUS));
    assert!(!owner.wait().await.unwrap().success());
}

/// Nothing turns a runtime here: the system's thread pool tells.
fn under_the_blocking_driver_and_under_another_executor() {
    let runtime = runtime();
    for (name, word) in [("listens", "stopped"), ("ignores", "forced")] {
        let (mut owner, _) = runtime.block_on(start(role(name)));
        let report = owner.shutdown_blocking().unwrap_or_else(sundown::ShutdownError::into_report);
        assert_eq!(said(&report).0, word, "{report}");
        let (owner, _) = runtime.block_on(start(role(name)));
        assert_eq!(said(&futures_executor::block_on(shut_down(owner))).0, word);
    }
}

/// In a runtime a thread of its pool reads, and elsewhere one of the wait's.
fn one_that_writes_until_somebody_reads() {
    let runtime = runtime();
    let spawn = || {
        let _within = runtime.enter();
        let mut command = role("floods");
        command.stderr(Stdio::piped());
        let process = Process::spawn("child", command).unwrap().with_request(ProcessRequest::CloseStdin);
        Owner { process, guard: ShutdownGuard::new() }
    };
    let ended = ("stopped", "exit code: 6".to_owned());
    let starts_with = |(word, detail): (&'static str, String)| (word, detail[..ended.1.len()].to_owned());
    assert_eq!(starts_with(said(&runtime.block_on(shut_down(spawn())))), ended);
    let report = spawn().shutdown_blocking().unwrap_or_else(sundown::ShutdownError::into_report);
    assert_eq!(starts_with(said(&report)), ended);
    assert_eq!(starts_with(said(&futures_executor::block_on(shut_down(spawn())))), ended);
}

async fn a_wait_that_is_dropped_loses_nothing() {
    let (owner, _) = start(role("listens")).await;
    for _ in 0..100 {
        let wait = owner.process.wait();
        assert!(tokio::time::timeout(Duration::from_millis(1), wait).await.is_err(), "it runs");
    }
    assert_eq!(said(&shut_down(owner).await).0, "stopped");
}

async fn two_owners_and_many_at_once() {
    let (first, _) = start(role("listens")).await;
    let second = Owner { process: first.process.clone(), guard: ShutdownGuard::new() };
    let (first, second) = tokio::join!(shut_down(first), shut_down(second));
    assert_eq!((said(&first).0, said(&second).0), ("stopped", "stopped"));
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (owner, _) = start(role("listens")).await;
        set.spawn(async move { said(&shut_down(owner).await).0 });
    }
    assert!(set.join_all().await.iter().all(|word| *word == "stopped"));
}

/// A bare child is asked by the end of its input alone.
async fn bare_children() {
    for (name, word) in [("reads", "stopped"), ("ignores", "forced")] {
        let mut one = role(name);
        let std = one.as_std_mut().spawn().unwrap();
        let mut tokio = role(name).spawn().unwrap();
        let _ = first_line(tokio.stdout.take().unwrap()).await;
        let mut bare = Bare { std: Some(std), tokio: Some(tokio), guard: ShutdownGuard::new() };
        let report = bare.shutdown().await.unwrap_or_else(sundown::ShutdownError::into_report);
        for step in ["Bare.std", "Bare.tokio"] {
            let step = report.find(step).unwrap();
            assert_eq!(step.outcome().word(), word, "{report}");
            assert_eq!(step.detail().unwrap().contains("end of its standard input"), word == "forced", "{report}");
        }
    }
}

async fn a_command_that_is_not_there_is_an_error() {
    assert!(Process::spawn("nothing", Command::new("no such program")).is_err());
}

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        &[$((stringify!($name), || runtime().block_on($name()))),*]
    };
}

const CASES: &[(&str, fn())] = cases![
    one_that_listens_ends_by_itself,
    a_request_that_cannot_be_sent_is_said_so,
    one_that_ignores_it_is_killed,
    a_grandchild_is_no_orphan,
    what_cmd_starts_goes_with_it,
    one_that_is_asked_by_the_end_of_its_input,
    an_input_that_was_taken_is_said_so,
    one_that_has_ended_before_it_is_asked,
    the_last_handle_kills_all_of_them,
    a_process_that_aborts_leaves_nobody,
    a_wait_that_is_dropped_loses_nothing,
    two_owners_and_many_at_once,
    bare_children,
    a_command_that_is_not_there_is_an_error,
];

pub(super) fn main() -> ExitCode {
    if let Ok(role) = std::env::var("ROLE") {
        play(&role);
        return ExitCode::SUCCESS;
    }
    let outside: [(&str, fn()); 2] = [
        ("under_the_blocking_driver_and_under_another_executor", under_the_blocking_driver_and_under_another_executor),
        ("one_that_writes_until_somebody_reads", one_that_writes_until_somebody_reads),
    ];
    let all: Vec<(String, fn())> =
        CASES.iter().chain(&outside).map(|(name, case)| ((*name).to_owned(), *case)).collect();
    run_cases(&all, |case| std::panic::catch_unwind(case).map_err(|_| "it panicked".to_owned()))
}
