//! What once went wrong when everything was stopped. The registry is the process's, so the tests run one at a time.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use sundown::{CancellationToken, Group, Shared, ShutdownError, ShutdownGuard, Tasks, Thread, must_shutdown, registry};
use sundown_tests::{GENEROUS, Spy, What, is_pending};

static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Cancel safety of `shutdown_all`.
#[tokio::test]
async fn what_was_given_survives_a_shutdown_all_that_was_dropped() {
    let _alone = ALONE.lock().await;
    let given = Spy::new();
    registry::give(given.clone());
    {
        let mut half = Box::pin(registry::shutdown_all(Duration::from_secs(5)));
        assert!(is_pending(&mut half).await);
    }
    given.release();
    let _ = registry::shutdown_all(Duration::from_secs(5)).await;
    assert!(given.moves().contains(&What::Ended), "the second call reaches it: {:?}", given.moves());
}

/// Two at the same time.
#[tokio::test]
async fn a_second_shutdown_all_waits_for_what_the_first_stops() {
    let _alone = ALONE.lock().await;
    let given = Spy::new();
    registry::give(given.clone());
    let mut first = Box::pin(registry::shutdown_all(Duration::from_secs(5)));
    assert!(is_pending(&mut first).await);
    let second =
        tokio::time::timeout(Duration::from_millis(500), registry::shutdown_all(Duration::from_millis(300))).await;
    let ended = given.moves().contains(&What::Ended) || given.moves().contains(&What::Forced);
    given.release();
    let _ = first.await;
    assert!(
        ended || second.is_err() || second.unwrap().is_err(),
        "it said that all is well while the given value runs"
    );
}

/// The order within a shared value.
#[must_shutdown(shared, timeout = "5s", on_drop = "log")]
struct Server {
    #[shutdown]
    api: Shared<Spy>,
    #[shutdown(after = api)]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}
#[tokio::test(start_paused = true)]
async fn shutdown_all_keeps_the_order_within_a_shared_value() {
    let _alone = ALONE.lock().await;
    let api = Spy::new();
    let server = Arc::new(Server { api: Shared::new(api.clone()), jobs: Tasks::new(), guard: ShutdownGuard::new() });
    registry::share(&server);
    let early = Arc::new(std::sync::Mutex::new(None));
    let (spy, seen) = (api.clone(), Arc::clone(&early));
    let token = server.jobs.token();
    server
        .jobs
        .spawn("job", async move {
            token.cancelled().await;
            *seen.lock().unwrap() = Some(spy.moves());
        })
        .unwrap();
    let releaser = api.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        releaser.release();
    });
    let _ = registry::shutdown_all(Duration::from_secs(5)).await;
    let seen = early.lock().unwrap().clone().unwrap();
    assert!(seen.contains(&What::Ended), "the jobs were told before the api had ended: {seen:?}");
}

/// What the reaper still stops.
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct Logs {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}
#[tokio::test]
async fn shutdown_all_knows_of_what_the_reaper_stops() {
    let _alone = ALONE.lock().await;
    let spy = Spy::new();
    drop(Logs { spy: spy.clone(), guard: ShutdownGuard::new() });
    let result = registry::shutdown_all(Duration::from_millis(200)).await;
    let ended = spy.moves().contains(&What::Ended);
    assert!(ended || result.is_err(), "all is well, and the spy runs: {:?}", spy.moves());
    // The next test is to find nothing of it.
    spy.release();
    let gone = async {
        while registry::snapshot().to_string().contains("Logs") {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.unwrap();
}

/// A value in a static has no owner who would answer: the first call cannot know, the later ones do.
#[tokio::test(start_paused = true)]
async fn shutdown_all_waits_once_for_an_owner_who_does_not_answer() {
    /// No `Logs`: another test waits until there is none.
    #[must_shutdown(timeout = "2s", on_drop = "log")]
    struct LivesOn {
        #[shutdown]
        spy: Spy,
        guard: ShutdownGuard<Self>,
    }
    static LIVES_ON: std::sync::OnceLock<LivesOn> = std::sync::OnceLock::new();
    const LIMIT: Duration = Duration::from_secs(3600);
    let _alone = ALONE.lock().await;
    let value = LIVES_ON.get_or_init(|| LivesOn { spy: Spy::new(), guard: ShutdownGuard::new() });
    // Another test may have left something to the reaper, which takes its own time.
    let waited = async || {
        let error = registry::shutdown_all(LIMIT).await.unwrap_err();
        let step = error.report().walk().find(|step| step.name() == "LivesOn").expect("it is in the registry");
        assert!(step.outcome().to_string().contains("not reached"), "{error}");
        step.took()
    };
    assert!(waited().await > LIMIT / 4, "an owner gets the time to answer");
    assert!(value.guard.stop_requested());
    assert!(waited().await < LIMIT / 4, "it waited again");
    value.guard.dismiss();
}

/// Who answers late is waited for again.
#[tokio::test(start_paused = true)]
async fn shutdown_all_waits_for_an_owner_who_has_begun_since() {
    let _alone = ALONE.lock().await;
    let mut value = Logs { spy: Spy::new(), guard: ShutdownGuard::new() };
    registry::shutdown_all(Duration::from_secs(1)).await.unwrap_err();
    let spy = value.spy.clone();
    let mut shutdown = Box::pin(value.shutdown());
    assert!(is_pending(&mut shutdown).await);
    let mut all = Box::pin(registry::shutdown_all(Duration::from_secs(3600)));
    assert!(is_pending(&mut all).await);
    spy.release();
    shutdown.await.unwrap();
    let report = all.await.unwrap_or_else(ShutdownError::into_report);
    let step = report.walk().find(|step| step.name() == "Logs").expect("it is in the registry");
    assert!(step.outcome().is_stopped(), "{report}");
}

/// A thread that blocks in a call that knows no stop signal.
#[test]
fn shutdown_all_wakes_a_thread_that_blocks_in_accept() {
    let _alone = ALONE.blocking_lock();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = Thread::spawn("accept", move |stop| while listener.accept().is_ok() && !stop.is_stopped() {});
    let thread = thread.unwrap().on_stop(move || drop(TcpStream::connect(address).unwrap()));
    // Perhaps with what another test has left to the reaper.
    let report = registry::shutdown_all_blocking(GENEROUS).unwrap_or_else(ShutdownError::into_report);
    let step = report.walk().find(|step| step.name().starts_with("Thread `accept`")).expect("it is in the registry");
    assert!(step.outcome().is_stopped(), "{report}");
    assert!(thread.is_finished());
}

/// A value that was shared is in the registry twice: as what it is, and as what was shared.
#[must_shutdown(shared, timeout = "60s", on_drop = "log")]
struct Once {
    #[shutdown]
    spy: Shared<Spy>,
    guard: ShutdownGuard<Self>,
}
impl Once {
    fn shared(spy: &Spy) -> Arc<Self> {
        let once = Arc::new(Once { spy: Shared::new(spy.clone()), guard: ShutdownGuard::new() });
        registry::share(&once);
        once
    }
}
fn names_of(report: &sundown::Report, what: &str) -> usize {
    report.steps().iter().filter(|step| step.name().contains(what)).count()
}
#[tokio::test(start_paused = true)]
async fn a_shared_value_that_another_does_not_end_is_reported_once() {
    let _alone = ALONE.lock().await;
    let once = Once::shared(&Spy::new());
    let mut other = Box::pin(once.shutdown());
    assert!(is_pending(&mut other).await);
    let report = registry::shutdown_all(Duration::from_secs(1)).await.unwrap_err().into_report();
    assert_eq!(names_of(&report, "Once"), 1, "{report}");
    drop(other);
    once.guard.dismiss();
}
#[tokio::test(start_paused = true)]
async fn a_shared_value_that_another_shuts_down_is_reported_once() {
    let _alone = ALONE.lock().await;
    let spy = Spy::new();
    let once = Once::shared(&spy);
    let mut other = Box::pin(once.shutdown());
    assert!(is_pending(&mut other).await);
    let releases = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        spy.release();
        let _ = other.await.unwrap();
    };
    let (report, ()) = tokio::join!(registry::shutdown_all(Duration::from_secs(20)), releases);
    assert_eq!(names_of(report.as_ref().unwrap(), "Once"), 1, "{}", report.unwrap());
}
#[tokio::test(start_paused = true)]
async fn a_value_that_was_shared_twice_is_reported_once() {
    let _alone = ALONE.lock().await;
    let once = Once::shared(&Spy::released());
    registry::share(&once);
    let report = registry::shutdown_all(Duration::from_secs(20)).await.unwrap();
    assert_eq!(names_of(&report, "Once"), 1, "{report}");
}

#[tokio::test]
async fn the_registry_reaches_a_group() {
    let _alone = ALONE.lock().await;
    let group = Group::new("reached");
    let token = CancellationToken::new();
    group.add("token", token.clone()).unwrap();
    let _ = registry::shutdown_all(Duration::from_secs(5)).await;
    assert!(token.is_cancelled());
    assert!(group.add("late", Tasks::new()).unwrap_err().is_closed());
}
