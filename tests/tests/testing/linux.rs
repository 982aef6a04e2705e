//! Against `/proc`, with real leaks of each kind.

use std::fs;
use std::future::pending;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sundown::testing::{LeakCheck, Survivor, Survivors};
use sundown::{ShutdownGuard, must_shutdown};
use sundown_tests::run_cases;
use tokio_util::sync::CancellationToken;

/// Long enough that a case which waits for it has failed.
const LONG: Duration = Duration::from_secs(60);
/// A bound for what is known to survive.
const SHORT: Duration = Duration::from_millis(20);

const CASES: &[(&str, fn())] = &[
    ("nothing_left_is_nothing_found_at_once", nothing_left_is_nothing_found_at_once),
    ("what_was_there_before_is_no_leak", what_was_there_before_is_no_leak),
    ("a_thread_is_named", a_thread_is_named),
    ("a_child_and_its_child_are_named", a_child_and_its_child_are_named),
    ("a_zombie_is_named", a_zombie_is_named),
    ("descriptors_are_named", descriptors_are_named),
    ("a_number_that_is_used_again_is_another_descriptor", a_number_that_is_used_again_is_another_descriptor),
    ("a_guarded_value_is_named", a_guarded_value_is_named),
    ("tasks_are_counted", tasks_are_counted),
    ("a_task_that_ends_when_the_runtime_turns_is_no_leak", a_task_that_ends_when_the_runtime_turns_is_no_leak),
    ("the_end_of_a_thread_is_an_event", the_end_of_a_thread_is_an_event),
    ("the_reaping_of_a_child_is_an_event", the_reaping_of_a_child_is_an_event),
    ("the_drop_of_a_value_is_an_event", the_drop_of_a_value_is_an_event),
    ("events_reach_an_async_caller", events_reach_an_async_caller),
    ("a_dropped_wait_leaves_no_thread", a_dropped_wait_leaves_no_thread),
    ("a_dropped_wait_leaves_no_descriptor", a_dropped_wait_leaves_no_descriptor),
    ("the_guard_panics_with_the_list", the_guard_panics_with_the_list),
    ("the_guard_does_not_panic_while_unwinding", the_guard_does_not_panic_while_unwinding),
    ("the_guard_is_silent_once_somebody_looked", the_guard_is_silent_once_somebody_looked),
    ("what_is_ignored_is_no_leak", what_is_ignored_is_no_leak),
    ("the_own_workers_of_a_runtime_are_no_leak", remedies::the_own_workers_of_a_runtime_are_no_leak),
    ("the_worker_of_another_runtime_is_a_leak", remedies::the_worker_of_another_runtime_is_a_leak),
    ("each_kind_has_its_remedy", remedies::each_kind_has_its_remedy),
];

#[path = "remedies.rs"]
mod remedies;

fn nothing_left_is_nothing_found_at_once() {
    let check = LeakCheck::new();
    let file = fs::File::open("/dev/null").unwrap();
    thread::spawn(move || drop(file)).join().unwrap();
    let status = Command::new("true").status().unwrap();
    assert!(status.success());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { tokio::spawn(async {}).await.unwrap() });
    drop(runtime);
    no_leak_found_early(check);
}

fn what_was_there_before_is_no_leak() {
    let _worker = Worker::start("before");
    let _listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut child = sleeper();
    let value = Guarded::new();
    let check = LeakCheck::new();
    no_leak_found_early(check);
    value.end();
    end(&mut child);
}

fn a_thread_is_named() {
    let mut check = LeakCheck::new();
    let worker = Worker::start("tail");
    let survivors = check.survivors(SHORT);
    assert!(matches!(only(&survivors), Survivor::Thread { name, .. } if name == "tail"), "{survivors}");
    assert_says(&survivors, "thread `tail` (tid ");
    drop(worker);
    no_leak_found_early(check);
}

fn a_child_and_its_child_are_named() {
    let mut check = LeakCheck::new();
    let mut child =
        Command::new("sh").args(["-c", "sleep 600 & echo $!; wait"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut grandchild = String::new();
    output.read_line(&mut grandchild).unwrap();
    drop(output);
    until_it_runs("sleep 600", grandchild.trim());
    let survivors = check.survivors(SHORT);
    let Some(Survivor::Process { pid: grandchild, .. }) = survivors
        .iter()
        .find(|survivor| matches!(survivor, Survivor::Process { command, .. } if command == "sleep 600"))
    else {
        panic!("{survivors}")
    };
    assert_says(&survivors, &format!("process `sh -c sleep 600 & echo $!; wait` (pid {})", child.id()));
    assert_eq!(survivors.len(), 2, "{survivors}");
    kill(*grandchild);
    child.wait().unwrap();
    no_leak_found_early(check);
}

fn a_zombie_is_named() {
    let mut check = LeakCheck::new();
    let mut child = Command::new("true").spawn().unwrap();
    until_ended(&child);
    let survivors = check.survivors(SHORT);
    let pid = child.id();
    assert!(matches!(only(&survivors), Survivor::Process { pid: p, zombie: true, .. } if *p == pid), "{survivors}");
    assert_says(&survivors, &format!("process `true` (pid {pid}) has ended and was not waited for"));
    child.wait().unwrap();
    no_leak_found_early(check);
}

fn descriptors_are_named() {
    let mut check = LeakCheck::new();
    let path = std::env::current_exe().unwrap();
    let file = fs::File::open(&path).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let survivors = check.survivors(SHORT);
    assert_says(&survivors, &path.display().to_string());
    assert_says(&survivors, &format!("tcp {}, listening", listener.local_addr().unwrap()));
    assert_eq!(survivors.len(), 2, "{survivors}");
    drop((file, listener));
    no_leak_found_early(check);
}

fn a_number_that_is_used_again_is_another_descriptor() {
    let file = fs::File::open("/dev/null").unwrap();
    let mut check = LeakCheck::new();
    drop(file);
    let _file = fs::File::open("/dev/zero").unwrap();
    let survivors = check.survivors(SHORT);
    assert!(matches!(only(&survivors), Survivor::Descriptor { target, .. } if target == "/dev/zero"), "{survivors}");
}

fn a_guarded_value_is_named() {
    let mut check = LeakCheck::new();
    let line = line!() + 1;
    let value = Guarded { stop: CancellationToken::new(), guard: ShutdownGuard::new() };
    let survivors = check.survivors(SHORT);
    assert!(matches!(only(&survivors), Survivor::Registered(row) if row.name.ends_with("Guarded")), "{survivors}");
    assert_says(&survivors, &format!("Guarded` in the registry (live), created at {}:{line}", file!()));
    value.end();
    no_leak_found_early(check);
}

fn tasks_are_counted() {
    block_on(async {
        let running = tokio::spawn(pending::<()>());
        let mut check = LeakCheck::new();
        let tasks = [tokio::spawn(pending::<()>()), tokio::spawn(pending::<()>())];
        let survivors = check.survivors_async(SHORT).await;
        assert!(matches!(only(&survivors), Survivor::Tasks { count: 2, .. }), "{survivors}");
        assert_says(&survivors, "tokio tasks: 2 more than before");
        tasks.iter().for_each(|task| task.abort());
        no_leak_found_early_async(check).await;
        running.abort();
    });
}

fn a_task_that_ends_when_the_runtime_turns_is_no_leak() {
    block_on(async {
        let check = LeakCheck::new();
        let (tell, told) = tokio::sync::oneshot::channel();
        let _first = tokio::spawn(async { tell.send(()) });
        let _second = tokio::spawn(told);
        no_leak_found_early_async(check).await;
    });
}

fn the_end_of_a_thread_is_an_event() {
    let mut later = Later::start();
    let check = LeakCheck::new();
    let worker = Worker::start("straggler");
    later.once_blocked(move || drop(worker));
    no_leak_found_early(check);
}

fn the_reaping_of_a_child_is_an_event() {
    let mut later = Later::start();
    let check = LeakCheck::new();
    let mut child = sleeper();
    later.once_blocked(move || end(&mut child));
    no_leak_found_early(check);
}

fn the_drop_of_a_value_is_an_event() {
    let mut later = Later::start();
    let check = LeakCheck::new();
    let value = Guarded::new();
    later.once_blocked(move || value.end());
    no_leak_found_early(check);
}

fn events_reach_an_async_caller() {
    let mut later = Later::start();
    block_on(async move {
        let check = LeakCheck::new();
        let worker = Worker::start("straggler");
        let value = Guarded::new();
        let mut child = sleeper();
        // Blocked in the runtime's own wait, because the check leaves the thread to it.
        later.once_blocked(move || {
            drop(worker);
            value.end();
            end(&mut child);
        });
        no_leak_found_early_async(check).await;
    });
}

fn a_dropped_wait_leaves_no_thread() {
    block_on(async {
        let mut check = LeakCheck::new();
        let _worker = Worker::start("survivor");
        let timeout = tokio::time::timeout(SHORT, check.survivors_async(Duration::MAX)).await;
        assert!(timeout.is_err(), "the worker survives");
        // `survivors` does not count the helper, so this looks for itself.
        let limit = Instant::now() + LONG;
        while threads().iter().any(|name| name == "sundown-leaks") {
            assert!(Instant::now() < limit, "the helper thread is still there");
            thread::yield_now();
        }
        assert!(!check.survivors_async(SHORT).await.is_empty(), "the check can be used again");
    });
}

/// The next look does not take those of the wait for leaks.
fn a_dropped_wait_leaves_no_descriptor() {
    block_on(async {
        let mut check = LeakCheck::new();
        let _worker = Worker::start("survivor");
        for _ in 0..200 {
            let mut wait = Box::pin(check.survivors_async(Duration::MAX));
            assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "the worker survives");
            drop(wait);
            let found = check.survivors(Duration::ZERO);
            assert!(!found.iter().any(|found| matches!(found, Survivor::Descriptor { .. })), "{found}");
        }
    });
}

fn the_guard_panics_with_the_list() {
    let payload = catch_unwind(|| {
        let _leaks = LeakCheck::new().within(SHORT);
        std::mem::forget(Worker::start("forgotten"));
    });
    let message = *payload.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("1 left by what ran since the leak check at "), "{message}");
    assert!(message.contains(file!()), "{message}");
    assert!(message.contains("\n- thread `forgotten` (tid "), "{message}");
}

fn the_guard_does_not_panic_while_unwinding() {
    let payload = catch_unwind(|| {
        let _leaks = LeakCheck::new();
        std::mem::forget(Worker::start("forgotten"));
        panic!("the test's own");
    });
    // A second panic would have aborted the process.
    assert_eq!(*payload.unwrap_err().downcast::<&str>().unwrap(), "the test's own");
}

fn the_guard_is_silent_once_somebody_looked() {
    let mut check = LeakCheck::new();
    let worker = Worker::start("known");
    assert!(!check.survivors(SHORT).is_empty());
    drop(check);

    let check = LeakCheck::new();
    let other = Worker::start("asserted");
    let payload = catch_unwind(AssertUnwindSafe(|| check.assert_none(SHORT)));
    let message = *payload.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("thread `asserted`"), "{message}");
    assert!(!message.contains("thread `known`"), "{message}");
    drop((worker, other));
}

fn what_is_ignored_is_no_leak() {
    let check = LeakCheck::new()
        .ignore_threads("pool-*")
        .ignore_threads("a-name-longer-than-the-kernel-keeps")
        .ignore_descriptors("/dev/ze*");
    let _workers = [Worker::start("pool-1"), Worker::start("a-name-longer-than-the-kernel-keeps")];
    let _file = fs::File::open("/dev/zero").unwrap();
    no_leak_found_early(check);
}

#[must_shutdown]
struct Guarded {
    #[shutdown]
    stop: CancellationToken,
    guard: ShutdownGuard<Self>,
}

impl Guarded {
    fn new() -> Self {
        Guarded { stop: CancellationToken::new(), guard: ShutdownGuard::new() }
    }

    fn end(mut self) {
        drop(self.shutdown_blocking().unwrap());
    }
}

/// A named thread that waits until this is dropped, and is joined then.
struct Worker {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    fn start(name: &str) -> Self {
        let (stop, stopped) = mpsc::channel();
        let (started, has_started) = mpsc::channel();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            started.send(()).unwrap();
            let _ = stopped.recv();
        });
        // A thread sets its name itself.
        has_started.recv().unwrap();
        Worker { stop: Some(stop), thread: Some(thread.unwrap()) }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

/// A thread that does something once the thread that made this blocks; older than the check, so no leak itself.
struct Later(mpsc::Sender<Box<dyn FnOnce() + Send>>);

impl Later {
    fn start() -> Self {
        let (jobs, next) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        // SAFETY: the call touches no memory.
        #[allow(unsafe_code, reason = "std does not know thread ids")]
        let tid = unsafe { libc::gettid() };
        thread::spawn(move || {
            for job in next {
                // In the wait of the check, or in tokio's: nothing else blocks after `once_blocked`.
                while !is_blocked(tid) {
                    thread::yield_now();
                }
                job();
            }
        });
        Later(jobs)
    }

    fn once_blocked(&mut self, job: impl FnOnce() + Send + 'static) {
        self.0.send(Box::new(job)).unwrap();
    }
}

fn is_blocked(tid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/self/task/{tid}/stat")).unwrap();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
}

#[track_caller]
fn no_leak_found_early(check: LeakCheck) {
    let start = Instant::now();
    check.assert_none(LONG);
    assert!(start.elapsed() < LONG / 2, "the check has slept until its bound");
}

async fn no_leak_found_early_async(check: LeakCheck) {
    let start = Instant::now();
    check.assert_none_async(LONG).await;
    assert!(start.elapsed() < LONG / 2, "the check has slept until its bound");
}

fn only(survivors: &Survivors) -> &Survivor {
    assert_eq!(survivors.len(), 1, "{survivors}");
    survivors.iter().next().unwrap()
}

#[track_caller]
fn assert_says(survivors: &Survivors, text: &str) {
    let message = survivors.to_string();
    assert!(message.contains(text), "`{text}` is not in:\n{message}");
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
}

fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let name = |task: fs::DirEntry| Some(fs::read_to_string(task.path().join("comm")).ok()?.trim_end().to_owned());
    tasks.filter_map(|task| name(task.ok()?)).collect()
}

fn sleeper() -> Child {
    Command::new("sleep").arg("600").spawn().unwrap()
}

fn end(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[allow(unsafe_code, reason = "std only kills its own children")]
fn kill(pid: u32) {
    // SAFETY: the call touches no memory.
    assert_eq!(unsafe { libc::kill(pid.cast_signed(), libc::SIGKILL) }, 0);
}

/// Kills what a case has left behind, if anything.
#[allow(unsafe_code, reason = "std only kills its own children")]
fn kill_group(leader: u32) {
    // SAFETY: the call touches no memory.
    unsafe { libc::kill(-leader.cast_signed(), libc::SIGKILL) };
}

/// Waits for the end without reaping.
#[allow(unsafe_code, reason = "std always reaps")]
fn until_ended(child: &Child) {
    // SAFETY: the struct is plain data, for which zeros are fine, and outlives the call.
    let result = unsafe {
        let mut info = std::mem::zeroed::<libc::siginfo_t>();
        libc::waitid(libc::P_PID, child.id(), &raw mut info, libc::WEXITED | libc::WNOWAIT)
    };
    assert_eq!(result, 0);
}

/// A shell's child has the shell's command line until it has executed its own program, and none for a moment of that.
fn until_it_runs(command: &str, pid: &str) {
    let end = Instant::now() + LONG;
    while fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap().trim_end_matches('\0').replace('\0', " ")
        != command
    {
        assert!(Instant::now() < end, "process {pid} does not become `{command}`");
        thread::yield_now();
    }
}

/// Runs the cases whose names contain the argument, each in a process of its own.
pub(super) fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name] = &*arguments
        && flag == "--case"
    {
        // Under a sanitizer the first thread brings one of the sanitizer's with it, which stays.
        thread::spawn(|| ()).join().unwrap();
        CASES.iter().find(|(case, _)| case == name).expect("a case of this file").1();
        return ExitCode::SUCCESS;
    }
    let all: Vec<_> = CASES.iter().map(|(name, _)| ((*name).to_owned(), *name)).collect();
    run_cases(&all, |name| run(name))
}

/// A case that fails may leave processes behind. They are of its group, which is killed when it has ended: they hold the pipe open.
fn run(name: &str) -> Result<(), String> {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--case", name]).stdout(writer.try_clone().unwrap()).stderr(writer).process_group(0);
    let mut child = command.spawn().unwrap();
    drop(command);
    let pid = child.id();
    let (ended, has_ended) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        if has_ended.recv_timeout(2 * LONG) == Err(mpsc::RecvTimeoutError::Timeout) {
            kill(pid);
        }
    });
    let output = thread::spawn(move || {
        let mut output = Vec::new();
        reader.read_to_end(&mut output).map(|_| output)
    });
    // Not reaped yet, so that the number of the group is still its own.
    until_ended(&child);
    drop(ended);
    watchdog.join().unwrap();
    kill_group(pid);
    let status = child.wait().unwrap();
    let output = output.join().unwrap().unwrap();
    if status.success() { Ok(()) } else { Err(format!("{}{status}", String::from_utf8_lossy(&output))) }
}
