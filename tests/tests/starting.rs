//! A start that fails half-way: what it has set by then is shut down, in order, and the error is the original one.

use std::convert::Infallible;
use std::error::Error as _;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

use sundown::{Outcome, Phase, ShutdownGuard, StartError, must_shutdown};
use sundown_tests::{GENEROUS, Pinned, Spy, What};

/// A resource without a `Teardown`, which tells when it is closed. It cannot be moved out of a value that is dropped.
struct Store(&'static str, mpsc::Sender<&'static str>);

impl Store {
    async fn close(&mut self) -> Result<(), Infallible> {
        tokio::task::yield_now().await;
        self.1.send(self.0).expect("the test listens");
        Ok(())
    }
}

/// Stops from the last field to the first.
#[must_shutdown(starting, timeout = "10s")]
struct Service {
    #[shutdown(after = second, with = Store::close)]
    first: Store,
    #[shutdown(after = third, with = Store::close)]
    second: Store,
    config: u8,
    #[shutdown(with = Store::close)]
    third: Store,
    guard: ShutdownGuard<Self>,
}

fn fail(at: usize, step: usize) -> io::Result<()> {
    if at == step { Err(io::Error::other(format!("step {step}"))) } else { Ok(()) }
}

/// Fails before the field `at`.
macro_rules! start {
    ($start:expr, $closed:expr, $at:expr) => {{
        fail($at, 0)?;
        let start = $start.first(Store("first", $closed.clone()));
        fail($at, 1)?;
        let start = start.second(Store("second", $closed.clone()));
        fail($at, 2)?;
        let start = start.config(7);
        fail($at, 3)?;
        let start = start.third(Store("third", $closed.clone()));
        fail($at, 4)?;
        start.finish()
    }};
}

const SHUT_DOWN: [&[&str]; 5] =
    [&[], &["first"], &["second", "first"], &["second", "first"], &["third", "second", "first"]];

#[tokio::test]
async fn a_start_that_fails_at_any_field_is_shut_down_in_order() {
    for (at, shut_down) in SHUT_DOWN.into_iter().enumerate() {
        let (closed, closes) = mpsc::channel();
        let started =
            Service::starting_with(async |start| -> io::Result<Service> { Ok(start!(start, closed, at)) }).await;
        let error = started.err().expect("it fails");
        assert_eq!(error.to_string(), format!("step {at}"));
        assert_eq!(closes.try_iter().collect::<Vec<_>>(), shut_down);
        assert!(error.report().is_clean(), "{}", error.report());
        for (name, detail) in [("first", at == 0), ("second", at <= 1), ("third", at <= 3)] {
            let step = error.report().find(&format!("Service.{name}")).expect("it is in the report");
            assert_eq!(step.detail(), detail.then_some("was not started"), "{at}: {}", error.report());
        }
    }
}

#[tokio::test]
async fn a_start_that_is_dropped_is_shut_down_in_order() {
    fn start(closed: &mpsc::Sender<&'static str>, at: usize) -> io::Result<Service> {
        Ok(start!(Service::starting(), closed, at))
    }
    for (at, shut_down) in SHUT_DOWN.into_iter().enumerate() {
        let (closed, closes) = mpsc::channel();
        assert_eq!(start(&closed, at).err().expect("it fails").to_string(), format!("step {at}"));
        for name in shut_down {
            assert_eq!(closes.recv_timeout(GENEROUS), Ok(*name), "by the reaper, while this thread is blocked");
        }
        drop(closed);
        assert_eq!(closes.recv_timeout(GENEROUS), Err(mpsc::RecvTimeoutError::Disconnected), "and dropped then");
    }
}

#[tokio::test]
async fn a_start_that_is_finished_is_the_value() {
    let (closed, closes) = mpsc::channel();
    let started =
        Service::starting_with(async |start| -> io::Result<Service> { Ok(start!(start, closed, usize::MAX)) }).await;
    let mut service = started.unwrap();
    assert_eq!(service.config, 7);
    assert_eq!(closes.try_iter().count(), 0);
    service.shutdown().await.unwrap();
    assert_eq!(closes.try_iter().collect::<Vec<_>>(), ["third", "second", "first"]);
}

#[must_shutdown(starting, on_drop = "wait", name = "Named")]
struct Waits {
    #[shutdown]
    moved: Spy,
    #[shutdown(after = moved)]
    pinned: Pinned,
    guard: ShutdownGuard<Self>,
}

/// A drop that may wait has ended when it returns.
#[test]
fn a_dropped_start_waits_as_the_value_does() {
    let (moved, pinned) = (Spy::released(), Pinned(Spy::released()));
    drop(Waits::starting().moved(moved.clone()).pinned(pinned.clone()));
    assert_eq!(moved.moves(), [What::Requested, What::Ended]);
    assert_eq!(pinned.0.moves(), [What::Requested, What::Ended]);
    assert_eq!(pinned.0.thread_of(What::Ended), "a_dropped_start_waits_as_the_value_does");
}

#[must_shutdown(starting, timeout = "1s")]
struct Pair {
    #[shutdown]
    early: Pinned,
    #[shutdown(after = early)]
    late: Pinned,
    guard: ShutdownGuard<Self>,
}

/// Also what cannot be moved out of a value that is dropped: the start has it in its hands.
#[test]
fn a_dropped_start_is_waited_for_by_the_reaper() {
    let early = Pinned::default();
    drop(Pair::starting().early(early.clone()));
    assert_eq!(early.0.thread_of(What::Requested), "a_dropped_start_is_waited_for_by_the_reaper");
    early.0.release();
    assert!(early.0.thread_of(What::Ended).starts_with("sundown-reaper"), "{:?}", early.0.events());
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_has_the_budget_of_the_value() {
    let (early, late) = (Pinned::default(), Pinned::default());
    let began = tokio::time::Instant::now();
    let started = Pair::starting_with(async |start| {
        let start = start.early(early.clone()).late(late.clone());
        drop(start);
        Err::<Pair, _>("no")
    });
    let error = started.await.err().expect("it fails");
    assert!(began.elapsed() <= Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(matches!(error.report().find("Pair.early").unwrap().outcome(), Outcome::Forced));
    assert_eq!(late.0.moves(), [What::Requested, What::Forced, What::Ended]);
    assert_eq!(error.to_string(), "no");
}

#[tokio::test]
async fn a_panic_of_the_start_goes_on_after_the_shutdown() {
    let spy = Pinned(Spy::released());
    let early = spy.clone();
    let started = Pair::starting_with(async move |start| -> io::Result<Pair> {
        let _start = start.early(early);
        panic!("half-way")
    });
    let panicked = tokio::spawn(started).await.err().unwrap();
    assert_eq!(panicked.into_panic().downcast_ref(), Some(&"half-way"));
    assert_eq!(spy.0.moves(), [What::Requested, What::Ended]);
}

/// By a timeout, say: nobody waits for it, and the reaper does what is left.
#[tokio::test]
async fn a_start_that_is_cancelled_is_shut_down() {
    let spy = Pinned::default();
    let early = spy.clone();
    let mut started = Box::pin(Pair::starting_with(async move |start| -> io::Result<Pair> {
        let _start = start.early(early);
        std::future::pending().await
    }));
    assert!(sundown_tests::is_pending(&mut started).await);
    drop(started);
    spy.0.release();
    assert!(spy.0.thread_of(What::Ended).starts_with("sundown-reaper"));
}

/// The shutdown of a start that failed is as cancel-safe as any.
#[tokio::test]
async fn a_shutdown_of_a_start_that_is_cancelled_goes_on() {
    let spy = Pinned::default();
    let early = spy.clone();
    let mut started = Box::pin(Pair::starting_with(async move |start| {
        drop(start.early(early));
        Err::<Pair, _>("no")
    }));
    assert!(sundown_tests::is_pending(&mut started).await);
    assert_eq!(spy.0.moves(), [What::Requested]);
    drop(started);
    spy.0.release();
    assert!(spy.0.thread_of(What::Ended).starts_with("sundown-reaper"));
    assert_eq!(spy.0.moves(), [What::Requested, What::Ended]);
}

#[tokio::test]
async fn what_is_set_can_be_used() {
    let mut start = Pair::starting().early(Pinned(Spy::released()));
    let early: &Pinned = &start.early;
    assert_eq!(early.0.moves(), []);
    *start.early = Pinned(Spy::released()); // and replaced
    let late = start.early.clone();
    let mut pair = start.late(late.clone()).finish();
    pair.shutdown().await.unwrap();
    assert_eq!(late.0.moves().len(), 4, "both fields are one");
}

#[test]
fn what_is_not_set_is_named() {
    let start = Pair::starting();
    assert_eq!(start.guard.phase(), Phase::Live);
    let panicked = catch_unwind(AssertUnwindSafe(|| start.late.0.moves())).unwrap_err();
    assert_eq!(panicked.downcast_ref::<String>().unwrap(), "field `Pair.late` is not set yet");
}

/// The value is where its start begins.
#[test]
fn the_guard_knows_where_the_start_began() {
    let (line, start) = (line!(), Waits::starting());
    assert_eq!(start.guard.location().line(), line);
    assert_eq!(start.guard.location().file(), file!());
    let mut value = start.moved(Spy::released()).pinned(Pinned(Spy::released())).finish();
    value.shutdown_blocking().unwrap();
}

#[tokio::test]
async fn the_error_is_the_original_one() {
    #[derive(Debug, thiserror::Error)]
    #[error("no configuration")]
    struct NoConfiguration(#[source] io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("the service failed")]
    struct Failed(#[from] StartError);

    async fn start() -> Result<Pair, StartError> {
        Pair::starting_with(async |start| {
            let _start = start.early(Pinned(Spy::released()));
            Err::<Pair, _>(NoConfiguration(io::Error::other("no such file")))
        })
        .await
    }
    async fn by_anyhow() -> anyhow::Result<Pair> {
        Ok(start().await?)
    }
    async fn in_anyhow() -> anyhow::Result<Pair> {
        let start = Pair::starting_with(async |start| -> anyhow::Result<Pair> {
            let _start = start.early(Pinned(Spy::released()));
            anyhow::bail!("out of luck")
        });
        Ok(start.await?)
    }

    let error = start().await.err().unwrap();
    assert_eq!(error.to_string(), "no configuration");
    assert_eq!(error.source().unwrap().to_string(), "no such file");
    assert!(error.error().is::<NoConfiguration>());
    let debug = format!("{error:?}");
    for part in ["NoConfiguration(", "what had been started was shut down:", "Pair.early", "was not started"] {
        assert!(debug.contains(part), "{part}: {debug}");
    }
    assert_eq!(Failed::from(error).source().unwrap().to_string(), "no configuration");

    let error = by_anyhow().await.err().unwrap();
    assert_eq!(format!("{error:#}"), "no configuration: no such file");
    assert!(error.downcast_ref::<StartError>().unwrap().report().is_clean());
    let error = in_anyhow().await.err().unwrap();
    assert_eq!(format!("{error:#}"), "out of luck");
}
