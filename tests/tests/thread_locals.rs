//! Guarded values in thread-locals that outlive tokio's own, each case in a process of its own: a mistake there aborts.
//!
//! std destroys thread-locals in the reverse order of their registration. `VALUES` is registered first, then tokio's
//! context, so tokio's is gone when the values are dropped: `Handle::enter` and, with a clock that can be paused,
//! `Instant::now` panic there.

use std::cell::RefCell;
use std::pin::pin;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use sundown::{OnDrop, Process, ShutdownGuard, Tasks, Teardown, Thread, must_shutdown};
use sundown_tests::{GENEROUS, Pinned, Spy, What, is_sanitized, run_cases};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, JoinSet};

macro_rules! values {
    ($($name:ident: $policy:literal),+) => {$(
        #[must_shutdown(on_drop = $policy, timeout = "300ms")]
        struct $name<T: Teardown + Send + 'static> {
            #[shutdown]
            it: T,
            #[shutdown]
            pinned: Pinned,
            guard: ShutdownGuard<Self>,
        }
    )+};
}

values!(Panics: "panic", Logs: "log", Waits: "wait");

/// The three policies, each with a resource of its own.
struct Values<T: Teardown + Send + 'static> {
    _panics: Panics<T>,
    _logs: Logs<T>,
    _waits: Waits<T>,
}

impl<T: Teardown + Send + 'static> Values<T> {
    fn new(mut make: impl FnMut() -> T) -> Self {
        let pinned = || Pinned(Spy::new());
        Values {
            _panics: Panics { it: make(), pinned: pinned(), guard: ShutdownGuard::new() },
            _logs: Logs { it: make(), pinned: pinned(), guard: ShutdownGuard::new() },
            _waits: Waits { it: make(), pinned: pinned(), guard: ShutdownGuard::new() },
        }
    }
}

type Anything = Box<dyn std::any::Any>;

thread_local! {
    static VALUES: RefCell<Vec<Anything>> = const { RefCell::new(Vec::new()) };
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// Everything that has to do with tokio, made inside a runtime and kept beyond the end of tokio's context.
fn keep_all() {
    let spy = Spy::new();
    let kept: Vec<Anything> = vec![
        Box::new(Values::new(|| spy.clone())),
        Box::new(Values::new(|| {
            let tasks = Tasks::new();
            drop(tasks.spawn("endless", std::future::pending::<()>()).unwrap());
            tasks
        })),
        Box::new(Values::new(|| tokio::spawn(std::future::pending::<()>()))),
        Box::new(Values::new(|| Some(tokio::spawn(std::future::pending::<()>())) as Option<JoinHandle<()>>)),
        Box::new(Values::new(|| {
            let mut set = JoinSet::new();
            set.spawn(std::future::pending::<()>());
            set
        })),
        Box::new(Values::new(|| Some(runtime()))),
        Box::new(Values::new(|| Thread::spawn("kept", |stop| stop.wait()).unwrap())),
        Box::new(Values::new(|| {
            let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
            // Where a case aborts, it must not keep the pipes open that the parent reads.
            command.env("CHILD", SLEEPS).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            Process::spawn("sleep", command).unwrap()
        })),
        Box::new(stopping()),
    ];
    VALUES.with_borrow_mut(|values| values.extend(kept));
}

/// A value whose shutdown began under tokio's clock and was dropped half-way.
fn stopping() -> Logs<Spy> {
    let mut value = Logs { it: Spy::new(), pinned: Pinned(Spy::new()), guard: ShutdownGuard::new() };
    assert!(pin!(value.shutdown()).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    value
}

/// Registers `VALUES` before tokio's context, and fills it inside a runtime.
fn on_this_thread(paused: bool) {
    VALUES.with_borrow(|values| assert!(values.is_empty()));
    let runtime =
        if paused { Builder::new_current_thread().enable_all().start_paused(true).build().unwrap() } else { runtime() };
    runtime.block_on(async { keep_all() });
    // Its handle is still the home of the values, with nobody to run it where it is a current-thread runtime. What is in a
    // static is never dropped, and no leak.
    static KEPT: Mutex<Vec<Runtime>> = Mutex::new(Vec::new());
    KEPT.lock().unwrap().push(runtime);
}

/// A subscriber as `tracing_subscriber::fmt` is: it has a buffer in a thread-local, which may be gone.
struct Buffered;

thread_local!(static BUFFER: RefCell<String> = const { RefCell::new(String::new()) });

impl tracing::Subscriber for Buffered {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {
        BUFFER.with_borrow_mut(|buffer| buffer.push('.'));
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// Drops a value while the thread-locals of this thread are destroyed, the buffer among them.
fn with_a_subscriber() {
    tracing::subscriber::set_global_default(Buffered).unwrap();
    thread::spawn(|| {
        VALUES.with_borrow(|values| assert!(values.is_empty()));
        BUFFER.with_borrow_mut(|buffer| buffer.push('.'));
        let spy = Spy::new();
        VALUES.with_borrow_mut(|values| values.push(Box::new(Values::new(|| spy.clone()))));
    })
    .join()
    .unwrap();
}

fn in_a_worker(blocking: bool) {
    // Registered by the thread's first task, which is before tokio's context only where `on_thread_start` does it.
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .on_thread_start(|| VALUES.with_borrow(|values| assert!(values.is_empty())))
        .build()
        .unwrap();
    let handle = runtime.handle().clone();
    runtime.block_on(async move {
        let kept =
            if blocking { handle.spawn_blocking(keep_all).await } else { handle.spawn(async { keep_all() }).await };
        kept.unwrap();
    });
}

/// No case, but the child process that a case starts.
const SLEEPS: &str = "sleeps";

/// What can be moved out is stopped by the reaper, inside the runtime that it was made in; the rest is forced on the spot.
fn what_is_done() {
    let (runtime, detached, pinned) = (runtime(), Spy::new(), Spy::new());
    let inside = runtime.enter();
    let kept = Logs { it: detached.clone(), pinned: Pinned(pinned.clone()), guard: ShutdownGuard::new() };
    drop(inside);
    detached.release();
    let handle = runtime.handle().clone();
    thread::spawn(move || {
        VALUES.with_borrow(|values| assert!(values.is_empty()));
        drop(handle.enter());
        VALUES.with_borrow_mut(|values| values.push(Box::new(kept)));
    })
    .join()
    .unwrap();
    assert_eq!(pinned.moves(), [What::Requested, What::Forced]);
    if cfg!(windows) {
        // Under the loader lock, where no thread is started.
        assert_eq!(detached.moves(), [What::Requested, What::Forced]);
        return;
    }
    assert_eq!(detached.thread_of(What::Ended), "sundown-reaper");
    assert_eq!(detached.moves(), [What::Requested, What::Ended]);
}

const CASES: &[(&str, fn())] = &[
    ("a thread", || thread::spawn(|| on_this_thread(false)).join().unwrap()),
    ("a thread, with a paused clock", || thread::spawn(|| on_this_thread(true)).join().unwrap()),
    ("the main thread", || on_this_thread(false)),
    ("the main thread, with a paused clock", || on_this_thread(true)),
    ("a worker", || in_a_worker(false)),
    ("a blocking thread", || in_a_worker(true)),
    ("a subscriber that panics", with_a_subscriber),
    ("what is done", what_is_done),
];

const POLICIES: &[Option<OnDrop>] = &[None, Some(OnDrop::Panic), Some(OnDrop::Log), Some(OnDrop::Wait)];

/// Runs the cases whose names contain the argument, with each policy.
fn main() -> ExitCode {
    if let Ok(case) = std::env::var("CHILD") {
        if case == SLEEPS {
            thread::sleep(Duration::from_secs(100));
            return ExitCode::SUCCESS;
        }
        let (_, run) = CASES.iter().find(|(name, _)| *name == case).unwrap();
        run();
        println!("survived");
        return ExitCode::SUCCESS;
    }
    let of_case = |case| POLICIES.iter().map(move |policy| (format!("{case}, {policy:?}"), (case, *policy)));
    let all: Vec<_> = CASES.iter().flat_map(|(case, _)| of_case(*case)).collect();
    run_cases(&all, |(case, policy)| run(case, *policy))
}

/// Runs a case in a process of its own, which must survive.
fn run(case: &str, policy: Option<OnDrop>) -> Result<(), String> {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.env("CHILD", case).env_remove("SUNDOWN_ON_DROP");
    if let Some(policy) = policy {
        child.env("SUNDOWN_ON_DROP", format!("{policy:?}"));
    }
    let began = std::time::Instant::now();
    let output = child.output().unwrap();
    let survived = output.status.success() && String::from_utf8_lossy(&output.stdout).contains("survived");
    // Each leak in it takes a backtrace, which takes seconds under a sanitizer.
    let in_time = began.elapsed() < GENEROUS * if is_sanitized() { 10 } else { 2 };
    if survived && in_time {
        return Ok(());
    }
    Err(format!("{} after {:?}: {}", output.status, began.elapsed(), String::from_utf8_lossy(&output.stderr)))
}
