//! The registry knows what lives, and stops it. It is the process's, so the tests of this file run one at a time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sundown::{Phase, ShutdownGuard, Tasks, must_shutdown, registry};
use sundown_tests::{Spy, What};
use tokio_util::sync::CancellationToken;

static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[must_shutdown(timeout = "10s", on_drop = "panic")]
struct Owned {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown(shared, timeout = "10s", on_drop = "log")]
struct Chain {
    #[shutdown]
    first: Tasks,
    #[shutdown(after = first)]
    second: Tasks,
    guard: ShutdownGuard<Self>,
}

type Log = Arc<Mutex<Vec<&'static str>>>;

/// A value whose tasks note when they are asked and when they end; the first takes its time.
fn chain() -> (Chain, Log) {
    let log = Log::default();
    let chain = Chain { first: Tasks::new(), second: Tasks::new(), guard: ShutdownGuard::new() };
    for (tasks, asked, ended) in
        [(&chain.first, "first asked", "first ended"), (&chain.second, "second asked", "second ended")]
    {
        let (token, log) = (tasks.token(), Arc::clone(&log));
        let noting = async move {
            token.cancelled().await;
            log.lock().unwrap().push(asked);
            tokio::time::sleep(Duration::from_millis(20)).await;
            log.lock().unwrap().push(ended);
        };
        tasks.spawn("noting", noting).unwrap();
    }
    (chain, log)
}

const IN_ORDER: [&str; 4] = ["first asked", "first ended", "second asked", "second ended"];

#[tokio::test]
async fn what_lives_is_in_the_table() {
    let _alone = ALONE.lock().await;
    let owned = Owned { spy: Spy::new(), guard: ShutdownGuard::new() };
    let tasks = Tasks::new();
    let job = tasks.spawn("job", std::future::pending::<()>()).unwrap();
    let snapshot = registry::snapshot();
    let table = snapshot.to_string();
    let counts: Vec<_> = snapshot.rows().iter().map(|row| (row.kind, row.tasks)).collect();
    assert_eq!(counts, [(registry::Kind::Owned, None), (registry::Kind::Handle, Some(1))], "{table}");
    let json = serde_json::to_value(&snapshot).unwrap();
    assert_eq!((&json["rows"][1]["name"], &json["rows"][1]["tasks"]), (&"Tasks".into(), &1.into()), "{json}");
    assert!(json["rows"][0]["created"].as_str().unwrap().contains("registry.rs:"), "{json}");
    job.abort();
    assert!(job.await.unwrap_err().is_cancelled());
    for part in ["name", "tasks", "Owned", "Tasks", "live", "owned", "handle", "registry.rs:"] {
        assert!(table.contains(part), "{part} is not in\n{table}");
    }
    owned.guard.dismiss();
    drop((owned, tasks));
    assert!(registry::snapshot().rows().is_empty(), "{}", registry::snapshot());
}

#[tokio::test(start_paused = true)]
async fn shared_and_given_values_are_stopped_in_their_order() {
    let _alone = ALONE.lock().await;
    let (shared, shared_log) = chain();
    let (given, given_log) = chain();
    let shared = Arc::new(shared);
    registry::share(&shared);
    registry::give(given);
    assert!(registry::snapshot().rows().iter().any(|row| row.kind == registry::Kind::Given));
    let report = registry::shutdown_all(Duration::from_secs(20)).await.unwrap();
    assert_eq!(*shared_log.lock().unwrap(), IN_ORDER, "no handle was stopped past its owner's plan");
    assert_eq!(*given_log.lock().unwrap(), IN_ORDER);
    assert_eq!(shared.guard.phase(), Phase::Finished);
    let seconds = report.walk().filter(|step| step.name().ends_with("Chain.second"));
    let times: Vec<_> = seconds.map(|step| step.requested_after().unwrap()).collect();
    assert_eq!(times.len(), 2, "each is reported once: {report}");
    assert!(
        times.iter().all(|asked| *asked >= Duration::from_millis(19)),
        "requested only when the first had ended: {report}"
    );
}

#[tokio::test(start_paused = true)]
async fn owners_are_asked_and_awaited() {
    let _alone = ALONE.lock().await;
    let (owned, log) = chain();
    let owner = tokio::spawn(async move {
        owned.guard.stop_token().cancelled().await;
        owned.shutdown().await.unwrap();
    });
    let report = registry::shutdown_all(Duration::from_secs(20)).await.unwrap();
    assert_eq!(*log.lock().unwrap(), IN_ORDER);
    assert!(report.find("Chain").is_some_and(|step| step.steps().len() == 2), "the owner's own report: {report}");
    owner.await.unwrap();
}

#[tokio::test]
async fn an_owner_that_does_not_answer_is_named() {
    let _alone = ALONE.lock().await;
    let given = Spy::new();
    given.release();
    registry::give(given.clone());
    let owned = Owned { spy: Spy::new(), guard: ShutdownGuard::new() };
    let error = registry::shutdown_all(Duration::from_millis(200)).await.unwrap_err();
    assert!(owned.guard.stop_requested() && owned.guard.stop_token().is_cancelled());
    assert_eq!(given.moves(), [What::Requested, What::Ended]);
    assert!(error.to_string().contains("`Owned` abandoned: not reached"), "{error}");
    assert!(error.to_string().contains("registry.rs:"), "where it was made: {error}");
    owned.guard.dismiss();
}

/// Handles that nobody looks after any more.
#[tokio::test]
async fn handles_that_are_left_are_stopped_last() {
    let _alone = ALONE.lock().await;
    let tasks = Tasks::new();
    let token = CancellationToken::new();
    tasks.spawn("left", token.clone().cancelled_owned()).unwrap();
    let error = registry::shutdown_all(Duration::from_millis(200)).await.unwrap_err();
    let said = error.to_string();
    assert!(said.contains("`Tasks (") && said.contains("aborted `left` ("), "{said}");
}

#[test]
fn blocking() {
    let _alone = ALONE.blocking_lock();
    let spy = Spy::new();
    spy.release();
    registry::give(spy.clone());
    registry::shutdown_all_blocking(Duration::from_secs(20)).unwrap();
    assert_eq!(spy.moves(), [What::Requested, What::Ended]);
}

#[test]
fn switched_off() {
    let _alone = ALONE.blocking_lock();
    registry::set_enabled(false);
    let owned = Owned { spy: Spy::new(), guard: ShutdownGuard::new() };
    registry::set_enabled(true);
    assert!(registry::snapshot().rows().is_empty());
    owned.guard.dismiss();
}
