//! Steps that always have work to do: they meet their deadlines, and do not hold up the others.
//!
//! tokio's resources are pending once the budget of the task's poll is used up. A driver that takes that for "not yet"
//! never rings, and where nothing sets a budget the poll does not return.

use std::future::Future;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use sundown::{Outcome, Progress, Report, ShutdownError, ShutdownGuard, Tasks, Teardown, Wait, must_shutdown};
use sundown_tests::{GENEROUS, Spy, What};
use tokio::runtime::{Builder, Runtime};
use tokio::task::coop::consume_budget;
use tokio::task::{JoinHandle, JoinSet, LocalSet};

/// Always has work.
async fn greedy(_: &u8) {
    loop {
        consume_budget().await;
    }
}

/// Uses up the budget of a poll, five times, and ends.
async fn busy(_: &u8) {
    for _ in 0..600 {
        consume_budget().await;
    }
}

#[must_shutdown(timeout = "400ms", on_drop = "wait")]
struct Greedy {
    #[shutdown(with = greedy, force = |_| ())]
    step: u8,
    guard: ShutdownGuard<Self>,
}

impl Greedy {
    fn new() -> Self {
        Greedy { step: 0, guard: ShutdownGuard::new() }
    }
}

/// Two that are greedy, with others before and after that are not, and that have enough time on a busy machine.
#[must_shutdown(timeout = "2s", on_drop = "wait")]
struct Mixed {
    #[shutdown(with = greedy, force = |_| ())]
    first: u8,
    #[shutdown(with = busy)]
    busy: u8,
    #[shutdown]
    ended: Vec<JoinHandle<()>>,
    #[shutdown]
    tasks: Tasks,
    #[shutdown(after = first)]
    last: Spy,
    #[shutdown(with = greedy, force = |_| ())]
    second: u8,
    guard: ShutdownGuard<Self>,
}

impl Mixed {
    /// Inside a runtime.
    fn new() -> Self {
        let last = Spy::released();
        let tasks = Tasks::new();
        let stop = tasks.token();
        let _task = tasks.spawn("well-behaved", async move { stop.cancelled().await }).unwrap();
        let ended = (0..300).map(|_| tokio::spawn(async {})).collect();
        Mixed { first: 0, busy: 0, ended, tasks, last, second: 0, guard: ShutdownGuard::new() }
    }
}

#[must_shutdown(timeout = "300ms", on_drop = "wait")]
struct Inner {
    #[shutdown(with = greedy, force = |_| ())]
    step: u8,
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown(timeout = "400ms", on_drop = "wait")]
struct Middle {
    #[shutdown(with = greedy, force = |_| ())]
    step: u8,
    #[shutdown]
    inner: Inner,
    guard: ShutdownGuard<Self>,
}

/// Greedy on every level.
#[must_shutdown(timeout = "500ms", on_drop = "wait")]
struct Outer {
    #[shutdown(with = greedy, force = |_| ())]
    step: u8,
    #[shutdown]
    middle: Vec<Middle>,
    guard: ShutdownGuard<Self>,
}

impl Outer {
    fn new() -> (Spy, Self) {
        let spy = Spy::new();
        let inner = Inner { step: 0, spy: spy.clone(), guard: ShutdownGuard::new() };
        let middle = Middle { step: 0, inner, guard: ShutdownGuard::new() };
        (spy, Outer { step: 0, middle: vec![middle], guard: ShutdownGuard::new() })
    }
}

#[must_shutdown(timeout = "400ms", on_drop = "wait")]
struct Receives {
    #[shutdown(with = drain, force = |_| ())]
    messages: tokio::sync::mpsc::Receiver<u64>,
    guard: ShutdownGuard<Self>,
}

async fn drain(messages: &mut tokio::sync::mpsc::Receiver<u64>) {
    while messages.recv().await.is_some() {
        // Longer than it takes to send one.
        let start = Instant::now();
        while start.elapsed() < Duration::from_micros(20) {
            std::hint::spin_loop();
        }
    }
}

impl Receives {
    /// With a thread that sends as fast as it is received from.
    fn new() -> Self {
        let (sender, messages) = tokio::sync::mpsc::channel(1024);
        thread::spawn(move || while sender.blocking_send(1).is_ok() {});
        Receives { messages, guard: ShutdownGuard::new() }
    }
}

type Result = std::result::Result<Report, ShutdownError>;

fn report(result: Result) -> Report {
    result.unwrap_or_else(ShutdownError::into_report)
}

fn word<'r>(report: &'r Report, step: &str) -> &'r str {
    report.find(step).unwrap_or_else(|| panic!("no `{step}` in {report}")).outcome().word()
}

/// Calls `f` on a thread of its own; what hangs fails the test and not the run.
fn in_time<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = mpsc::channel();
    let caller = thread::spawn(move || {
        let start = Instant::now();
        let result = f();
        let _ = tell.send((result, start.elapsed()));
    });
    match told.recv_timeout(GENEROUS) {
        Ok((result, took)) => {
            assert!(took < GENEROUS / 2, "took {took:?}");
            result
        }
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it never returned"),
        Err(mpsc::RecvTimeoutError::Disconnected) => std::panic::resume_unwind(caller.join().unwrap_err()),
    }
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn two_workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// In every place where an async driver may be polled, and each finds its way back within the test's time.
fn everywhere<F, Fut>(make: F)
where
    F: Fn() -> Fut + Send + Copy + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    in_time(move || current_thread().block_on(make()));
    in_time(move || two_workers().block_on(make()));
    in_time(move || current_thread().block_on(async move { tokio::spawn(make()).await.unwrap() }));
    in_time(move || two_workers().block_on(async move { tokio::spawn(make()).await.unwrap() }));
    in_time(move || {
        let (runtime, set) = (current_thread(), LocalSet::new());
        set.block_on(&runtime, async move { tokio::task::spawn_local(make()).await.unwrap() });
    });
    in_time(move || two_workers().block_on(LocalSet::new().run_until(make())));
    in_time(move || two_workers().block_on(tokio::task::unconstrained(make())));
    // The drivers of other executors set no budget.
    in_time(move || {
        let runtime = two_workers();
        let _entered = runtime.enter();
        futures_executor::block_on(make());
    });
}

/// As [`everywhere`], for the blocking driver.
fn everywhere_blocking(call: fn()) {
    in_time(move || {
        let runtime = two_workers();
        let _entered = runtime.enter();
        call();
    });
    in_time(move || two_workers().block_on(async move { call() }));
    in_time(move || current_thread().block_on(async move { call() }));
    in_time(move || two_workers().block_on(async move { tokio::spawn(async move { call() }).await.unwrap() }));
    in_time(move || {
        let task = async move { tokio::task::block_in_place(call) };
        two_workers().block_on(async move { tokio::spawn(task).await.unwrap() });
    });
    in_time(move || two_workers().block_on(async move { tokio::task::spawn_blocking(call).await.unwrap() }));
    in_time(move || two_workers().block_on(LocalSet::new().run_until(async move { call() })));
    // With nothing left of the task's budget.
    in_time(move || {
        two_workers().block_on(async move {
            let task = std::future::poll_fn(move |cx| {
                while tokio::task::coop::poll_proceed(cx).map(|unit| unit.made_progress()).is_ready() {}
                call();
                std::task::Poll::Ready(())
            });
            tokio::spawn(task).await.unwrap();
        });
    });
}

#[test]
fn it_is_given_up_at_its_deadline() {
    everywhere(|| async {
        let report = report(Greedy::new().shutdown().await);
        assert_eq!(word(&report, "Greedy.step"), "abandoned", "{report}");
    });
}

#[test]
fn a_blocking_shutdown_gives_it_up_too() {
    in_time(|| {
        let report = report(Greedy::new().shutdown_blocking());
        assert_eq!(word(&report, "Greedy.step"), "abandoned", "{report}");
    });
    everywhere_blocking(|| {
        let report = report(Greedy::new().shutdown_blocking());
        assert_eq!(word(&report, "Greedy.step"), "abandoned", "{report}");
    });
}

#[test]
fn a_channel_that_never_runs_dry() {
    everywhere(|| async {
        assert_eq!(word(&report(Receives::new().shutdown().await), "Receives.messages"), "abandoned")
    });
    in_time(|| assert_eq!(word(&report(Receives::new().shutdown_blocking()), "Receives.messages"), "abandoned"));
}

/// Well-behaved steps get to run, in time, and are not given up for want of budget.
fn assert_mixed(report: &Report) {
    for (step, outcome) in [
        ("Mixed.first", "abandoned"),
        ("Mixed.second", "abandoned"),
        ("Mixed.busy", "stopped"),
        ("Mixed.ended", "stopped"),
        ("Mixed.tasks", "stopped"),
        ("Mixed.last", "stopped"),
    ] {
        assert_eq!(word(report, step), outcome, "{step}: {report}");
    }
}

#[test]
fn the_others_beside_it_are_spared() {
    everywhere(|| async { assert_mixed(&report(Mixed::new().shutdown().await)) });
}

#[test]
fn the_others_beside_it_are_spared_by_a_blocking_shutdown() {
    in_time(|| {
        let runtime = two_workers();
        let mut value = runtime.block_on(async { Mixed::new() });
        assert_mixed(&report(value.shutdown_blocking()));
    });
    in_time(|| {
        let runtime = two_workers();
        let mut value = runtime.block_on(async { Mixed::new() });
        // Not on a worker: what is woken there waits for the worker, which is blocked.
        let report = runtime
            .block_on(async { tokio::task::spawn_blocking(move || report(value.shutdown_blocking())).await.unwrap() });
        assert_mixed(&report);
    });
}

#[test]
fn on_every_level_of_a_tree() {
    everywhere(|| async {
        let (spy, mut value) = Outer::new();
        let report = report(value.shutdown().await);
        assert!(!report.is_clean());
        assert_eq!(spy.moves(), [What::Requested, What::Forced, What::Ended], "{report}");
    });
    everywhere_blocking(|| {
        let (spy, mut value) = Outer::new();
        let report = report(value.shutdown_blocking());
        assert!(!report.is_clean());
        assert_eq!(spy.moves(), [What::Requested, What::Forced, What::Ended], "{report}");
    });
}

#[test]
fn a_drop_that_waits_returns() {
    in_time(|| drop(Greedy::new()));
    everywhere_blocking(|| drop(Greedy::new()));
}

/// A neighbour in the same task, polled first, leaves the shutdown no budget at all.
#[test]
fn a_neighbour_in_the_same_task_delays_no_deadline() {
    in_time(|| {
        current_thread().block_on(async {
            let mut value = Idle { never: Never, guard: ShutdownGuard::new() };
            tokio::select! {
                biased;
                () = greedy(&0) => unreachable!(),
                result = value.shutdown() => assert_eq!(word(&report(result), "Idle.never"), "abandoned"),
            }
        });
    });
}

/// Never ends.
struct Never;

impl Teardown for Never {
    fn request(&mut self, _progress: &mut Progress) {}
    fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(std::future::pending::<Outcome>())
    }
    fn force(&mut self, _progress: &mut Progress) {}
}

#[must_shutdown(timeout = "300ms", on_drop = "log")]
struct Idle {
    #[shutdown]
    never: Never,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown(timeout = "1s", on_drop = "log")]
struct Set {
    #[shutdown]
    tasks: JoinSet<()>,
    guard: ShutdownGuard<Self>,
}

/// The sum of what has ended takes more than one poll's budget to join: it has ended all the same.
#[tokio::test(start_paused = true)]
async fn what_has_ended_wins_over_a_deadline_that_has_passed() {
    let mut tasks = JoinSet::new();
    let running: Vec<_> = (0..2_000).map(|_| tasks.spawn(async {})).collect();
    while !running.iter().all(tokio::task::AbortHandle::is_finished) {
        tokio::task::yield_now().await;
    }
    let mut value = Set { tasks, guard: ShutdownGuard::new() };
    let shutdown = async {
        tokio::time::advance(Duration::ZERO).await;
        value.shutdown_within(Duration::from_nanos(1)).await
    };
    let report = report(shutdown.await);
    assert_eq!(word(&report, "Set.tasks"), "stopped", "{report}");
}

/// On a clock that is paused, which what is always busy never lets advance.
#[tokio::test(start_paused = true)]
async fn on_a_clock_that_is_advanced_by_hand() {
    let start = Instant::now();
    let mut value = Greedy::new();
    let clock = async {
        loop {
            tokio::time::advance(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        result = value.shutdown() => assert_eq!(word(&report(result), "Greedy.step"), "abandoned"),
        () = clock => {}
    }
    assert!(start.elapsed() < GENEROUS);
}
