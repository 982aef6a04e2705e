//! Threads and children by name, handles by their number.

use std::io::Read as _;
use std::panic::catch_unwind;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use sundown::testing::{LeakCheck, Survivor, Survivors};
use sundown::{ShutdownGuard, must_shutdown};
use sundown_tests::{NotPassed, run_cases};
use tokio_util::sync::CancellationToken;

/// Long enough that a case which waits for it has failed.
const LONG: Duration = Duration::from_secs(60);
/// What a case prints that cannot be run.
const IGNORED: &str = "the system counts no handles, and the check says so";
/// A bound for what is known to survive.
const SHORT: Duration = Duration::from_millis(20);

const CASES: &[(&str, fn())] = &[
    ("nothing_left_is_nothing_found_at_once", nothing_left_is_nothing_found_at_once),
    ("a_thread_is_named", a_thread_is_named),
    ("a_child_and_its_child_are_named", a_child_and_its_child_are_named),
    ("handles_are_counted", handles_are_counted),
    ("ends_are_events", ends_are_events),
    ("ends_are_events_for_an_async_caller", ends_are_events_for_an_async_caller),
    ("the_guard_panics_with_the_list", the_guard_panics_with_the_list),
    ("what_is_ignored_is_no_leak", what_is_ignored_is_no_leak),
];

#[must_shutdown]
struct Guarded {
    #[shutdown]
    stop: CancellationToken,
    guard: ShutdownGuard<Self>,
}

/// What Windows and std open at the first use of something, and keep.
fn warm_up() {
    thread::spawn(|| ()).join().unwrap();
    drop(std::fs::File::open(std::env::current_exe().unwrap()));
    let mut child = parent();
    end(&mut child);
    block_on(async { tokio::task::yield_now().await });
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
}

/// A child that has a child, until its input ends.
fn parent() -> std::process::Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--case", "parent"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdout.take().unwrap().read_exact(&mut [0]).unwrap(); // its child runs
    child
}

fn end(child: &mut std::process::Child) {
    drop(child.stdin.take());
    child.wait().unwrap();
}

fn play_parent() {
    let own = std::env::current_exe().unwrap();
    let mut child = Command::new(own).args(["--case", "child"]).stdin(Stdio::piped()).spawn().unwrap();
    print!("!");
    std::io::Write::flush(&mut std::io::stdout()).unwrap();
    play_child();
    drop(child.stdin.take());
    child.wait().unwrap();
}

fn play_child() {
    let _ = std::io::stdin().read(&mut [0]);
}

fn nothing_left_is_nothing_found_at_once() {
    let check = LeakCheck::new();
    thread::spawn(|| ()).join().unwrap();
    drop(std::fs::File::open(std::env::current_exe().unwrap()));
    end(&mut parent());
    no_leak_found_early(check);
}

fn a_thread_is_named() {
    let mut check = LeakCheck::new();
    let (stop, thread) = worker("a name of more than 15 bytes");
    let survivors = check.survivors(SHORT);
    assert_says(&survivors, "thread `a name of more than 15 bytes` (tid ");
    drop(stop);
    thread.join().unwrap();
    no_leak_found_early(check);
}

fn a_child_and_its_child_are_named() {
    let mut check = LeakCheck::new();
    let mut child = parent();
    let survivors = check.survivors(SHORT);
    let processes = survivors.iter().filter(|survivor| matches!(survivor, Survivor::Process { .. })).count();
    assert_eq!(processes, 2, "{survivors}");
    assert_says(&survivors, &format!("(pid {})", child.id()));
    assert_says(&survivors, "process `testing-");
    end(&mut child);
    drop(child);
    no_leak_found_early(check);
}

fn handles_are_counted() {
    let mut check = LeakCheck::new();
    if check.survivors(Duration::ZERO).to_string().contains("handles are not compared") {
        println!("{IGNORED}");
        std::process::exit(0);
    }
    let open = || std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    let files = [open(), open()];
    let survivors = check.survivors(SHORT);
    assert!(matches!(survivors.iter().next(), Some(Survivor::Handles { count: 2, .. })), "{survivors}");
    assert_says(&survivors, "handles: 2 more than before");
    drop(files);
    no_leak_found_early(check);
}

fn ends_are_events() {
    let check = LeakCheck::new();
    no_leak_found_early_of(later(), || check.assert_none(LONG));
}

fn ends_are_events_for_an_async_caller() {
    let check = LeakCheck::new();
    no_leak_found_early_of(later(), || futures_executor::block_on(check.assert_none_async(LONG)));
}

/// A thread, a value and two children, each of which ends a little later.
fn later() -> thread::JoinHandle<()> {
    let mut value = Guarded { stop: CancellationToken::new(), guard: ShutdownGuard::new() };
    let mut child = parent();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        value.shutdown_blocking().unwrap();
        drop(value);
        thread::sleep(Duration::from_millis(100));
        end(&mut child);
    })
}

fn no_leak_found_early_of(later: thread::JoinHandle<()>, assert: impl FnOnce()) {
    drop(later); // its handle is one of those that are counted
    let start = Instant::now();
    assert();
    assert!(start.elapsed() < LONG / 2, "the check has slept until its bound");
}

fn the_guard_panics_with_the_list() {
    let payload = catch_unwind(|| {
        let _leaks = LeakCheck::new().within(SHORT);
        std::mem::forget(worker("forgotten"));
    });
    let message = *payload.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("\n- thread `forgotten` (tid "), "{message}");
}

fn what_is_ignored_is_no_leak() {
    let check = LeakCheck::new().ignore_threads("pool-*").ignore_descriptors("handles");
    let _worker = worker("pool-1");
    no_leak_found_early(check);
}

fn worker(name: &str) -> (mpsc::Sender<()>, thread::JoinHandle<()>) {
    let (stop, stopped) = mpsc::channel();
    let (start, started) = mpsc::channel();
    let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
        start.send(()).unwrap();
        let _ = stopped.recv();
    });
    started.recv().unwrap();
    (stop, thread.unwrap())
}

#[track_caller]
fn no_leak_found_early(check: LeakCheck) {
    let start = Instant::now();
    check.assert_none(LONG);
    assert!(start.elapsed() < LONG / 2, "the check has slept until its bound");
}

#[track_caller]
fn assert_says(survivors: &Survivors, text: &str) {
    let message = survivors.to_string();
    assert!(message.contains(text), "`{text}` is not in:\n{message}");
}

/// Runs the cases whose names contain the argument, each in a process of its own.
pub(super) fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name] = &*arguments
        && flag == "--case"
    {
        match &**name {
            "parent" => play_parent(),
            "child" => play_child(),
            name => {
                warm_up();
                CASES.iter().find(|(case, _)| *case == name).expect("a case of this file").1();
            }
        }
        return ExitCode::SUCCESS;
    }
    let all: Vec<_> = CASES.iter().map(|(name, _)| ((*name).to_owned(), *name)).collect();
    run_cases(&all, |name| {
        let output = Command::new(std::env::current_exe().unwrap()).args(["--case", name]).output().unwrap();
        match output.status.success() {
            true if String::from_utf8_lossy(&output.stdout).contains(IGNORED) => {
                Err(NotPassed::Ignored(IGNORED.to_owned()))
            }
            true => Ok(()),
            false => Err(format!("{}{}", String::from_utf8_lossy(&output.stderr), output.status).into()),
        }
    })
}
