//! Values inside values: one report, one teardown, whichever of them is asked.

use std::time::Duration;

use sundown::{Phase, Progress, Shared, ShutdownGuard, Teardown, must_shutdown};
use sundown_tests::{GENEROUS, Spy, What, is_pending};
use tokio::task::JoinHandle;

#[derive(Teardown)]
struct Pool {
    #[shutdown]
    reader: Spy,
    #[shutdown(after = reader)]
    writer: Spy,
}

#[must_shutdown(timeout = "10s", on_drop = "panic")]
struct Inner {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown(timeout = "10s", on_drop = "panic")]
struct Outer {
    #[shutdown]
    pool: Pool,
    #[shutdown(after = pool)]
    inner: Inner,
    guard: ShutdownGuard<Self>,
}

#[tokio::test]
async fn nested_values_are_in_the_tree_and_settled() {
    let mut outer = Outer {
        pool: Pool { reader: Spy::released(), writer: Spy::released() },
        inner: Inner { spy: Spy::released(), guard: ShutdownGuard::new() },
        guard: ShutdownGuard::new(),
    };
    let report = outer.shutdown().await.unwrap();
    let names: Vec<_> = report.walk().map(|step| step.name().to_owned()).collect();
    assert_eq!(names, ["Outer.pool", "Outer.pool.reader", "Outer.pool.writer", "Outer.inner", "Outer.inner.spy"]);
    assert_eq!(outer.inner.guard.phase(), Phase::Finished);
}

#[tokio::test]
async fn an_inner_value_that_was_shut_down_before_its_owner() {
    let spy = Spy::released();
    let mut outer = Outer {
        pool: Pool { reader: Spy::released(), writer: Spy::released() },
        inner: Inner { spy: spy.clone(), guard: ShutdownGuard::new() },
        guard: ShutdownGuard::new(),
    };
    let own = outer.inner.shutdown().await.unwrap();
    assert!(own.find("Inner.spy").is_some(), "it was the outermost value: {own}");
    let report = outer.shutdown().await.unwrap();
    assert!(report.find("Outer.inner.spy").is_some(), "its report is in the owner's: {report}");
    assert_eq!(spy.moves(), [What::Requested, What::Ended], "not touched again");
}

#[tokio::test]
async fn an_inner_value_whose_shutdown_was_dropped_half_way() {
    let spy = Spy::new();
    let mut outer = Outer {
        pool: Pool { reader: Spy::released(), writer: Spy::released() },
        inner: Inner { spy: spy.clone(), guard: ShutdownGuard::new() },
        guard: ShutdownGuard::new(),
    };
    {
        let mut half = Box::pin(outer.inner.shutdown());
        assert!(is_pending(&mut half).await);
    }
    spy.release();
    assert!(outer.shutdown().await.unwrap().is_clean());
    assert_eq!(spy.moves(), [What::Requested, What::Ended], "asked once");
}

/// An inner shutdown after its owner's was dropped half-way.
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct WithTask {
    #[shutdown]
    a: JoinHandle<()>,
    #[shutdown]
    b: Spy,
    guard: ShutdownGuard<Self>,
}
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct OwnsWithTask {
    #[shutdown]
    inner: WithTask,
    guard: ShutdownGuard<Self>,
}
#[tokio::test]
async fn an_inner_shutdown_goes_on_where_the_owners_stopped() {
    let b = Spy::new();
    let a = tokio::spawn(async {});
    tokio::task::yield_now().await;
    let mut outer =
        OwnsWithTask { inner: WithTask { a, b: b.clone(), guard: ShutdownGuard::new() }, guard: ShutdownGuard::new() };
    {
        let mut half = Box::pin(outer.shutdown());
        assert!(is_pending(&mut half).await);
    }
    b.release();
    let result = outer.inner.shutdown().await;
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

/// Two ways to the same thing: a nested value that was taken out of its owner half-way.
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct OptOuter {
    #[shutdown]
    inner: Option<WithTask>,
    guard: ShutdownGuard<Self>,
}
#[tokio::test]
async fn an_inner_value_taken_out_after_its_owner_stopped_half_way() {
    let b = Spy::new();
    let a = tokio::spawn(async {});
    tokio::task::yield_now().await;
    let mut outer = OptOuter {
        inner: Some(WithTask { a, b: b.clone(), guard: ShutdownGuard::new() }),
        guard: ShutdownGuard::new(),
    };
    {
        let mut half = Box::pin(outer.shutdown());
        assert!(is_pending(&mut half).await);
    }
    b.release();
    let mut inner = outer.inner.take().unwrap();
    let result = inner.shutdown().await;
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

/// A progress of one's own.
#[derive(Teardown)]
#[teardown(timeout = "100ms")]
struct Bounded {
    #[shutdown]
    spy: Spy,
}
#[tokio::test]
async fn a_nested_plan_under_a_progress_of_ones_own_is_bounded() {
    let mut v = Bounded { spy: Spy::new() };
    let mut progress = Progress::new("bounded");
    v.request(&mut progress);
    let ended = tokio::time::timeout(GENEROUS, v.wait(&mut progress)).await;
    assert!(ended.is_ok(), "nobody serves its alarms");
}

/// As above, where the value has a guard and keeps its own books.
#[must_shutdown(timeout = "100ms", on_drop = "log")]
struct GuardedAndBounded {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}
#[tokio::test]
async fn a_guarded_value_under_a_progress_of_ones_own_is_bounded() {
    let mut v = GuardedAndBounded { spy: Spy::new(), guard: ShutdownGuard::new() };
    let mut progress = Progress::new("bounded");
    v.request(&mut progress);
    let ended = tokio::time::timeout(GENEROUS, v.wait(&mut progress)).await;
    assert!(ended.is_ok(), "nobody serves its alarms");
}

/// An inner value that was made in a runtime, in an owner that was made outside.
async fn needs_its_runtime(_: &u8) {
    tokio::time::sleep(Duration::from_millis(1)).await;
}
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct OfARuntime {
    #[shutdown(with = needs_its_runtime)]
    timer: u8,
    guard: ShutdownGuard<Self>,
}
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct OfNone {
    #[shutdown]
    inner: Shared<OfARuntime>,
    guard: ShutdownGuard<Self>,
}
#[test]
fn an_inner_value_is_torn_down_in_its_own_runtime() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let inner = runtime.block_on(async { OfARuntime { timer: 0, guard: ShutdownGuard::new() } });
    let mut outer = OfNone { inner: inner.into(), guard: ShutdownGuard::new() };
    let report = outer.shutdown_blocking().unwrap();
    assert!(report.is_clean(), "{report}");
}

/// Timeouts that nobody wrote: 5 s for the outermost value, and none for what is inside it.
#[must_shutdown(on_drop = "log")]
struct Unwritten {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}
#[must_shutdown(timeout = "30s", on_drop = "log")]
struct HasAnUnwritten {
    #[shutdown(timeout = "20s")]
    inner: Unwritten,
    guard: ShutdownGuard<Self>,
}
async fn released_after(seconds: u64) -> Spy {
    let spy = Spy::new();
    let releases = spy.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        releases.release();
    });
    spy
}
#[tokio::test(start_paused = true)]
async fn a_timeout_that_nobody_wrote_does_not_bound_a_nested_value() {
    let inner = Unwritten { spy: released_after(19).await, guard: ShutdownGuard::new() };
    let report = HasAnUnwritten { inner, guard: ShutdownGuard::new() }.shutdown().await.unwrap();
    assert_eq!(report.took().as_secs(), 19, "{report}");
}
#[tokio::test(start_paused = true)]
async fn a_timeout_that_nobody_wrote_bounds_an_outermost_value() {
    let mut outermost = Unwritten { spy: released_after(19).await, guard: ShutdownGuard::new() };
    let report = outermost.shutdown().await.unwrap_err().into_report();
    assert_eq!(report.steps()[0].outcome().word(), "forced", "{report}");
    assert!(report.to_string().contains("(limit 5.0 s)"), "{report}");
}
/// As [`HasAnUnwritten`], where the inner value has a timeout.
#[must_shutdown(timeout = "30s", on_drop = "log")]
struct HasAWritten {
    #[shutdown(timeout = "20s")]
    inner: Inner,
    guard: ShutdownGuard<Self>,
}
#[tokio::test(start_paused = true)]
async fn a_written_timeout_bounds_a_nested_value() {
    let inner = Inner { spy: released_after(19).await, guard: ShutdownGuard::new() };
    let mut outer = HasAWritten { inner, guard: ShutdownGuard::new() };
    let report = outer.shutdown().await.unwrap_err().into_report();
    assert_eq!(report.took().as_secs(), 9, "10 s, less 100 ms to finish: {report}");
}
