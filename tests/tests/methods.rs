//! The generated methods as a user calls them.

use std::sync::{Arc, Weak, mpsc};
use std::thread;
use std::time::Duration;

use sundown::{Outcome, Phase, Report, ShutdownGuard, Tasks, must_shutdown};
use sundown_tests::{GENEROUS, Spy, What};
use tokio_util::sync::CancellationToken;

#[must_shutdown(timeout = "10s", on_drop = "panic")]
struct Service {
    #[shutdown]
    stop: CancellationToken,
    #[shutdown(after = stop)]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}

impl Service {
    fn new() -> Self {
        let spy = Spy::released();
        Service { stop: CancellationToken::new(), spy, guard: ShutdownGuard::new() }
    }

    #[track_caller]
    fn create() -> Self {
        let guard = ShutdownGuard::at(std::panic::Location::caller());
        Service { stop: CancellationToken::new(), spy: Spy::new(), guard }
    }
}

#[tokio::test]
async fn with_shutdown_shuts_down_after_the_closure() {
    let service = Service::new();
    let (spy, stop) = (service.spy.clone(), service.stop.clone());
    let (output, report) = service
        .with_shutdown(async |service| {
            assert!(!service.stop.is_cancelled());
            "served"
        })
        .await;
    assert_eq!(output, "served");
    assert!(report.unwrap().is_clean());
    assert!(stop.is_cancelled());
    assert_eq!(spy.moves(), [What::Requested, What::Ended]);
}

#[tokio::test]
async fn with_shutdown_passes_an_early_return_on() {
    async fn fails(service: Service) -> Result<u8, String> {
        let (output, report) = service.with_shutdown(async |_| Err::<u8, _>("early".to_owned())).await;
        report.map_err(|error| error.to_string())?;
        output
    }
    assert_eq!(fails(Service::new()).await, Err("early".to_owned()), "the `?` inside has not skipped the shutdown");
}

#[tokio::test]
async fn with_shutdown_shuts_down_after_a_panic() {
    let service = Service::new();
    let spy = service.spy.clone();
    let panicked = tokio::spawn(service.with_shutdown(async |_| panic!("in the closure"))).await.unwrap_err();
    assert_eq!(panicked.into_panic().downcast_ref(), Some(&"in the closure"), "the panic goes on");
    assert_eq!(spy.moves(), [What::Requested, What::Ended]);
}

/// `tokio::spawn` needs a `Send` future, also where the closure borrows from outside.
#[tokio::test]
async fn with_shutdown_is_send() {
    let text = String::from("captured");
    let length = tokio::spawn(async move {
        let (length, report) = Service::new()
            .with_shutdown(async |service| {
                tokio::task::yield_now().await;
                service.stop.cancel();
                text.len()
            })
            .await;
        report.unwrap();
        length
    });
    assert_eq!(length.await.unwrap(), 8);
}

#[tokio::test]
async fn shutdown_within_bounds_the_whole() {
    let spy = Spy::new();
    let mut service = Service { stop: CancellationToken::new(), spy: spy.clone(), guard: ShutdownGuard::new() };
    let error = service.shutdown_within(Duration::from_millis(50)).await.unwrap_err();
    assert_eq!(error.to_string(), "`Service` did not shut down cleanly: `Service.spy` forced");
    assert_eq!(error.report().limit(), Some(Duration::from_millis(50)));
    assert_eq!(spy.moves(), [What::Requested, What::Forced, What::Ended]);
}

#[tokio::test]
async fn shutdown_within_no_time_still_asks_and_forces() {
    let spy = Spy::new();
    let mut service = Service { stop: CancellationToken::new(), spy: spy.clone(), guard: ShutdownGuard::new() };
    let _ = service.shutdown_within(Duration::ZERO).await.unwrap_err();
    assert_eq!(spy.moves()[..2], [What::Requested, What::Forced]);
    let mut other = Service::new();
    assert!(other.shutdown_within(Duration::MAX).await.unwrap().is_clean(), "an endless budget is one");
}

/// The usual second Ctrl-C: the first shutdown is dropped, a short one takes over.
#[tokio::test]
async fn a_second_signal_takes_over() {
    let spy = Spy::new();
    let mut service = Service { stop: CancellationToken::new(), spy: spy.clone(), guard: ShutdownGuard::new() };
    let second = async {};
    tokio::select! {
        biased;
        _ = service.shutdown() => unreachable!("the spy was not released"),
        () = second => {}
    }
    let error = service.shutdown_within(Duration::from_millis(20)).await.unwrap_err();
    assert!(error.report().find("Service.spy").unwrap().outcome().word() == "forced");
    assert_eq!(spy.moves(), [What::Requested, What::Forced, What::Ended]);
}

#[tokio::test]
async fn request_shutdown_asks_the_first_steps_through_a_shared_reference() {
    let service = Service::new();
    let shared = &service;
    shared.request_shutdown();
    assert!(service.stop.is_cancelled());
    assert_eq!(service.spy.moves(), [], "it waits for `stop`");
    assert!(service.guard.stop_requested());
    let (_, report) = service.with_shutdown(async |_| ()).await;
    assert!(report.unwrap().is_clean());
}

#[tokio::test]
async fn a_shutdown_that_begins_is_told_by_the_guard() {
    let mut service = Service::new();
    let token = service.guard.stop_token();
    assert!(!token.is_cancelled());
    service.shutdown().await.unwrap();
    assert!(token.is_cancelled() && service.guard.stop_requested());
}

/// The blocking shutdown of something that lives on a runtime: other threads turn it.
#[test]
fn shutdown_blocking_waits_for_tasks() {
    #[must_shutdown]
    struct Jobs {
        #[shutdown]
        jobs: Tasks,
        guard: ShutdownGuard<Self>,
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut value = {
        let _entered = runtime.enter();
        let value = Jobs { jobs: Tasks::new(), guard: ShutdownGuard::new() };
        let token = value.jobs.token();
        value
            .jobs
            .spawn("polite", async move {
                token.cancelled().await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            })
            .unwrap();
        value
    };
    assert!(value.shutdown_blocking().unwrap().is_clean());
}

/// The blocking driver enters the runtime that the guard was made in: futures that need tokio's timer find it.
#[test]
fn shutdown_blocking_enters_the_runtime_of_the_constructor() {
    struct Pool;
    #[must_shutdown]
    struct Pooled {
        #[shutdown(with = async |_pool| tokio::time::sleep(Duration::from_millis(1)).await)]
        pool: Pool,
        guard: ShutdownGuard<Self>,
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut value = runtime.block_on(async { Pooled { pool: Pool, guard: ShutdownGuard::new() } });
    assert!(value.shutdown_blocking().unwrap().is_clean());
}

#[must_shutdown(manual, on_drop = "panic")]
struct ByHand {
    name: &'static str,
    guard: ShutdownGuard<Self>,
}

impl ByHand {
    async fn shutdown(&mut self) -> Result<Report, sundown::ShutdownError> {
        let report = Report::new(self.name).step("ByHand.pool", Outcome::Stopped, Duration::from_millis(3));
        self.guard.finish(report)
    }
}

#[tokio::test]
async fn a_manual_value_is_settled_dismissed_or_leaked() {
    let mut settled = ByHand { name: "settled", guard: ShutdownGuard::new() };
    assert_eq!(settled.shutdown().await.unwrap().took(), Duration::from_millis(3));
    assert_eq!(settled.guard.phase(), Phase::Finished);
    drop(settled);

    let dismissed = ByHand { name: "dismissed", guard: ShutdownGuard::new() };
    dismissed.guard.dismiss();
    let ByHand { name, .. } = dismissed; // no `Drop`, so it can be taken apart
    assert_eq!(name, "dismissed");

    let leaked = ByHand { name: "leaked", guard: ShutdownGuard::new() };
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(leaked))).unwrap_err();
    assert!(payload.downcast_ref::<String>().unwrap().contains("ByHand`"));
}

#[tokio::test]
async fn a_report_that_is_not_clean_is_the_error_of_a_manual_value() {
    let value = ByHand { name: "by hand", guard: ShutdownGuard::new() };
    let report = Report::new("by hand").step("ByHand.pool", Outcome::abandoned("no answer"), Duration::ZERO);
    let error = value.guard.finish(report).unwrap_err();
    assert_eq!(error.to_string(), "`by hand` did not shut down cleanly: `ByHand.pool` abandoned: no answer");
}

/// The error of a report that does not count: its drop looks at the guard that dropped it.
#[derive(Debug, thiserror::Error)]
#[error("too late")]
struct LooksInItsDrop {
    value: Weak<ByHand>,
    tell: mpsc::Sender<Phase>,
}

impl Drop for LooksInItsDrop {
    fn drop(&mut self) {
        let value = self.value.upgrade().expect("the value lives");
        self.tell.send(value.guard.phase()).expect("the test listens");
    }
}

#[test]
fn a_second_report_is_dropped_outside_the_lock_of_the_guard() {
    let (tell, told) = mpsc::channel();
    let twice = thread::spawn(move || {
        let value = Arc::new(ByHand { name: "twice", guard: ShutdownGuard::new() });
        value.guard.finish(Report::new("first")).unwrap();
        let error = LooksInItsDrop { value: Arc::downgrade(&value), tell };
        let failed = Outcome::from_result(Err::<(), _>(error));
        value.guard.finish(Report::new("second").step("ByHand.pool", failed, Duration::ZERO)).unwrap().name().to_owned()
    });
    assert_eq!(told.recv_timeout(GENEROUS), Ok(Phase::Finished), "the drop waits for the lock that its thread holds");
    assert_eq!(twice.join().unwrap(), "first", "the first report counts");
}

/// The place is the caller's of a constructor that passes it on.
#[test]
fn a_constructor_passes_its_callers_place_on() {
    let service = Service::create();
    let line = line!() - 1;
    assert_eq!(service.guard.location().line(), line);
    service.guard.dismiss();
}
