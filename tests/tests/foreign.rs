//! The handle types of tokio and std, and collections of them, in annotated structs: each stops by itself, is forced, and
//! is named in the report.

use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use sundown::{Outcome, Report, Shared, ShutdownGuard, Teardown, must_shutdown};
use sundown_tests::{GENEROUS, Spy};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{broadcast, mpsc as tokio_mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

#[cfg(unix)]
#[path = "foreign/children.rs"]
mod children;

/// One resource of any type, with a short budget.
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct One<T: Teardown + Send + 'static> {
    #[shutdown]
    it: T,
    guard: ShutdownGuard<Self>,
}

impl<T: Teardown + Send + 'static> One<T> {
    fn new(it: T) -> Self {
        One { it, guard: ShutdownGuard::new() }
    }
}

/// Shuts it down, and checks that the error is there exactly when the report is not clean.
async fn report<T: Teardown + Send + 'static>(it: T) -> Report {
    match One::new(it).shutdown().await {
        Ok(report) => {
            assert!(report.is_clean());
            report
        }
        Err(error) => {
            assert!(error.to_string().contains("One.it"), "{error}");
            error.into_report()
        }
    }
}

fn outcome(report: &Report) -> String {
    report.find("One.it").unwrap().outcome().to_string()
}

fn detail(report: &Report) -> &str {
    report.find("One.it").unwrap().detail().unwrap_or_default()
}

#[tokio::test]
async fn a_task_that_ends() {
    assert_eq!(outcome(&report(tokio::spawn(async {})).await), "stopped");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_does_not_is_aborted() {
    assert_eq!(outcome(&report(tokio::spawn(std::future::pending::<()>())).await), "forced");
}

#[tokio::test]
async fn a_task_that_panics() {
    let task: JoinHandle<()> = tokio::spawn(async { panic!("no {}", "luck") });
    assert_eq!(outcome(&report(task).await), "panicked: no luck");
}

#[tokio::test(start_paused = true)]
async fn a_join_set() {
    let mut set = JoinSet::new();
    set.spawn(async {});
    set.spawn(async { panic!("one of them") });
    assert_eq!(outcome(&report(set).await), "panicked: one of them");

    let mut set = JoinSet::new();
    set.spawn(async {});
    set.spawn(std::future::pending());
    let report = report(set).await;
    assert_eq!((outcome(&report).as_str(), detail(&report)), ("forced", "aborted 1 tasks"));
}

#[tokio::test]
async fn an_abort_handle_and_what_it_aborts() {
    let task = tokio::spawn(std::future::pending::<()>());
    let pair: (AbortHandle, JoinHandle<()>) = (task.abort_handle(), task);
    let report = report(pair).await;
    assert!(report.is_clean(), "aborted on request, so nothing was forced: {report}");
}

#[tokio::test(start_paused = true)]
async fn a_tracker_waits_and_cannot_abort() {
    let tracker = TaskTracker::new();
    let token = CancellationToken::new();
    tracker.spawn(token.clone().cancelled_owned());
    assert!(report((token, tracker)).await.is_clean());

    let tracker = TaskTracker::new();
    tracker.spawn(std::future::pending::<()>());
    let outcome = outcome(&report(Arc::new(tracker)).await);
    assert_eq!(outcome, "abandoned: 1 tasks still run, and a `TaskTracker` cannot abort them");
}

#[tokio::test]
async fn channels_are_asked() {
    let (watch, watched) = watch::channel(false);
    let (once, told) = oneshot::channel::<()>();
    let (many, mut received) = tokio_mpsc::channel::<u8>(1);
    let (all, mut heard) = broadcast::channel::<u8>(2);
    all.send(1).unwrap();
    let report = report((watch, Some(once), Some(many), Some(all))).await;
    assert!(report.is_clean());
    assert!(*watched.borrow());
    assert_eq!(told.await, Ok(()));
    assert_eq!(received.recv().await, None, "the sender was dropped");
    assert_eq!(heard.recv().await, Ok(1), "what was sent before is read");
    assert_eq!(heard.recv().await, Err(broadcast::error::RecvError::Closed));
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[tokio::test]
async fn a_runtime_is_dropped_on_another_thread() {
    let owned = runtime();
    owned.spawn(std::future::pending::<()>());
    let report = report(Some(owned)).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(detail(&report), "1 tasks of it were cancelled");
}

#[tokio::test]
async fn a_runtime_with_a_thread_that_is_stuck() {
    let owned = runtime();
    let (release, stuck) = mpsc::channel::<()>();
    let (begun, begins) = oneshot::channel();
    owned.spawn_blocking(move || {
        begun.send(()).unwrap();
        stuck.recv()
    });
    begins.await.unwrap(); // one that still waits for a thread is never run
    let report = report(Some(owned)).await;
    assert_eq!(
        outcome(&report),
        "abandoned: a task of it blocks a thread; `sundown-join One.it` still waits for it",
        "{report}"
    );
    drop(release);
}

/// Its own task cannot wait for it; the report says so, and the value's drop does not panic.
#[test]
fn a_runtime_that_is_shut_down_by_its_own_task() {
    let owned = runtime();
    let handle = owned.handle().clone();
    let (tell, told) = mpsc::channel();
    handle.spawn(async move {
        let mut value = One::new(Some(owned));
        let error = value.shutdown().await.unwrap_err();
        drop(value);
        tell.send(error.to_string()).unwrap();
    });
    let said = told.recv_timeout(GENEROUS).expect("no hang");
    assert!(said.contains("`One.it` abandoned: the shutdown runs on this runtime itself"), "{said}");
}

#[tokio::test]
async fn threads_are_joined() {
    assert!(report(Some(thread::spawn(|| 1))).await.is_clean());
    assert_eq!(outcome(&report(Some(thread::spawn(|| panic!("in the thread")))).await), "panicked: in the thread");
}

#[test]
fn a_thread_that_does_not_end_is_named() {
    let (release, wait) = mpsc::channel::<()>();
    let tail = thread::Builder::new().name("tail".to_owned()).spawn(move || wait.recv().is_ok()).unwrap();
    let error = One::new(Some(tail)).shutdown_blocking().unwrap_err();
    let said = error.to_string();
    assert!(said.contains("a thread cannot be forced") && said.contains("thread `tail`"), "{said}");
    release.send(()).ok();
}

#[test]
fn a_thread_that_would_join_itself() {
    let (give, take) = mpsc::channel::<One<Option<thread::JoinHandle<()>>>>();
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        let error = take.recv().unwrap().shutdown_blocking().unwrap_err();
        tell.send(error.to_string()).unwrap();
    });
    give.send(One::new(Some(thread))).unwrap();
    let said = told.recv_timeout(GENEROUS).expect("no hang");
    assert!(said.contains("would wait for itself"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn the_parts_of_collections_are_named() {
    let task = || tokio::spawn(async {});
    let stuck = || tokio::spawn(std::future::pending::<()>());
    let parts = report((vec![task(), stuck()], HashMap::from([("a", stuck())]), [Some(task()), None])).await;
    let late: Vec<_> = parts.unclean().map(|step| step.name().to_owned()).collect();
    assert_eq!(late, ["One.it[0][1]", "One.it[1][\"a\"]"], "{parts}");
    assert!(parts.find("One.it[2][1]").unwrap().outcome().is_stopped(), "`None` has stopped");
}

#[tokio::test]
async fn a_box_of_anything() {
    let spy = Spy::new();
    spy.release();
    let boxed: Vec<Box<dyn Teardown + Send>> = vec![Box::new(spy), Box::new(CancellationToken::new())];
    assert!(report(boxed).await.is_clean());
}

/// Two owners of one resource that is no handle: the second finds the outcome of the first.
#[tokio::test(start_paused = true)]
async fn a_shared_slot_is_torn_down_once() {
    let task = Shared::new(tokio::spawn(std::future::pending::<()>()));
    let (mut one, mut other) = (One::new(task.clone()), One::new(task.clone()));
    let (first, second) = tokio::join!(one.shutdown(), other.shutdown());
    let words = [first, second].map(|result| outcome(&result.unwrap_err().into_report()));
    assert!(words.contains(&"forced".to_owned()), "{words:?}");
}

#[tokio::test]
async fn a_shared_slot_has_one_outcome() {
    let task = Shared::new(Some(thread::spawn(|| panic!("once"))));
    assert_eq!(outcome(&report(task.clone()).await), "panicked: once");
    assert_eq!(outcome(&report(task).await), "panicked: once", "the same outcome, not `None` that has stopped");
}

#[tokio::test]
async fn a_failed_request_is_in_the_report_and_stops_nothing() {
    struct Stubborn;
    impl Teardown for Stubborn {
        fn request(&mut self, progress: &mut sundown::Progress) {
            progress.fail(std::io::Error::new(std::io::ErrorKind::BrokenPipe, "the pipe is gone"));
        }
        fn wait<'a>(&'a mut self, _progress: &'a mut sundown::Progress) -> sundown::Wait<'a> {
            Box::pin(async { Outcome::Stopped })
        }
        fn force(&mut self, _progress: &mut sundown::Progress) {}
    }
    assert_eq!(outcome(&report(Stubborn).await), "failed: the pipe is gone");
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_step_is_its_own() {
    let (tell, told) = oneshot::channel::<()>();
    let slow = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(tell);
    });
    let report = report(vec![tokio::spawn(async {}), slow]).await;
    assert!(told.await.is_err());
    let took = |name| report.find(name).unwrap().took();
    assert!(took("One.it[1]") >= Duration::from_millis(49) && took("One.it[0]") < took("One.it[1]"), "{report}");
}

/// Tokio's cooperative budget.
#[must_shutdown(timeout = "1s", on_drop = "log")]
struct Many {
    #[shutdown]
    tasks: Vec<JoinHandle<()>>,
    guard: ShutdownGuard<Self>,
}
#[tokio::test]
async fn what_has_ended_is_not_abandoned_for_tokios_budget() {
    let tasks: Vec<_> = (0..300).map(|_| tokio::spawn(async {})).collect();
    while !tasks.iter().all(JoinHandle::is_finished) {
        tokio::task::yield_now().await;
    }
    let mut v = Many { tasks, guard: ShutdownGuard::new() };
    let result = v.shutdown_within(Duration::ZERO).await;
    assert!(result.is_ok(), "{}", result.unwrap_err().report().outcome());
}

/// A task that its runtime has dropped has not stopped; where it cannot be known that an abort was on request, neither has it.
mod a_task_of_a_runtime_that_has_gone {
    use super::*;

    /// Made inside a runtime, which then goes.
    fn orphan<T>(make: impl FnOnce() -> T) -> T {
        runtime().block_on(async { make() })
    }

    const DROPPED: &str = "failed: dropped by its runtime before it ended";

    #[test]
    fn of_the_value_too() {
        let mut one = orphan(|| One::new(tokio::spawn(std::future::pending::<()>())));
        let report = one.shutdown_blocking().unwrap_err().into_report();
        assert_eq!(outcome(&report), DROPPED);

        // Inside a runtime that lives.
        let mut one = orphan(|| One::new(vec![tokio::spawn(std::future::pending::<()>())]));
        let report = runtime().block_on(one.shutdown()).unwrap_err().into_report();
        assert_eq!(outcome(&report), DROPPED);

        let mut one = orphan(|| {
            let mut set = JoinSet::new();
            set.spawn(std::future::pending::<()>());
            One::new(set)
        });
        let report = one.shutdown_blocking().unwrap_err().into_report();
        assert_eq!(outcome(&report), DROPPED);
    }

    #[test]
    fn of_a_runtime_that_nobody_knows() {
        let task = orphan(|| tokio::spawn(std::future::pending::<()>()));
        let mut one = One::new(task);
        let report = one.shutdown_blocking().unwrap_err().into_report();
        assert_eq!(outcome(&report), "forced");
        assert_eq!(detail(&report), "aborted by somebody else, or dropped by its runtime");
    }

    #[tokio::test]
    async fn one_that_was_aborted_has_stopped() {
        let task = tokio::spawn(std::future::pending::<()>());
        task.abort();
        let report = report(task).await;
        assert_eq!((outcome(&report).as_str(), detail(&report)), ("stopped", "aborted by somebody else"));
    }
}
