//! Values with several owners: `shared` types, `Shared` fields, callers that come at the same time.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use sundown::{Phase, Shared, ShutdownGuard, must_shutdown};
use sundown_tests::{GENEROUS, Spy, is_pending};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

#[must_shutdown(shared, timeout = "10s", on_drop = "log")]
struct Server {
    #[shutdown]
    stop: CancellationToken,
    #[shutdown(after = stop)]
    connections: TaskTracker,
    guard: ShutdownGuard<Self>,
}

impl Server {
    fn new() -> Arc<Self> {
        let server =
            Server { stop: CancellationToken::new(), connections: TaskTracker::new(), guard: ShutdownGuard::new() };
        server.connections.spawn(server.stop.clone().cancelled_owned());
        Arc::new(server)
    }
}

#[tokio::test]
async fn concurrent_callers_share_one_teardown() {
    let server = Server::new();
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let server = Arc::clone(&server);
            tokio::spawn(async move { server.shutdown().await.unwrap().to_string() })
        })
        .collect();
    let mut reports = Vec::new();
    for caller in callers {
        reports.push(caller.await.unwrap());
    }
    reports.dedup();
    assert_eq!(reports.len(), 1, "everybody got the same report");
}

#[tokio::test]
async fn a_caller_that_is_dropped_hands_over() {
    let server = Server::new();
    let hold = CancellationToken::new();
    server.connections.spawn(hold.clone().cancelled_owned());
    let mut first = Box::pin(server.shutdown());
    let pending = is_pending(&mut first).await;
    assert!(pending);
    let second = tokio::spawn({
        let server = Arc::clone(&server);
        async move { server.shutdown().await }
    });
    tokio::task::yield_now().await; // the second waits for the first
    drop(first);
    hold.cancel();
    assert!(second.await.unwrap().unwrap().is_clean());
}

#[tokio::test]
async fn a_shared_value_in_a_struct() {
    #[must_shutdown(on_drop = "log")]
    struct Owner {
        #[shutdown]
        server: Arc<Server>,
        guard: ShutdownGuard<Self>,
    }
    let server = Server::new();
    let mut owner = Owner { server: Arc::clone(&server), guard: ShutdownGuard::new() };
    let report = owner.shutdown().await.unwrap();
    assert!(report.find("Owner.server.connections").is_some(), "{report}");
    assert_eq!(server.guard.phase(), Phase::Finished);
    let own = server.shutdown().await.unwrap();
    assert!(own.find("Server.connections").is_some(), "by its own name for its own callers: {own}");
}

/// A follower's own budget.
#[must_shutdown(shared, timeout = "60s", on_drop = "log")]
struct SpyServer {
    #[shutdown]
    spy: Shared<Spy>,
    guard: ShutdownGuard<Self>,
}
#[tokio::test]
async fn a_followers_budget_counts() {
    let server = SpyServer { spy: Shared::new(Spy::new()), guard: ShutdownGuard::new() };
    let mut leader = Box::pin(server.shutdown());
    assert!(is_pending(&mut leader).await);
    let follower = tokio::time::timeout(GENEROUS, server.shutdown_within(Duration::from_millis(100))).await;
    assert!(follower.is_ok(), "the follower's 100 ms are not a bound");
}
#[test]
fn a_blocking_follower_behind_a_leader_that_nobody_polls() {
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        #[must_shutdown(shared, timeout = "200ms", on_drop = "log")]
        struct Short {
            #[shutdown]
            spy: Shared<Spy>,
            guard: ShutdownGuard<Self>,
        }
        let server = Short { spy: Shared::new(Spy::new()), guard: ShutdownGuard::new() };
        let mut leader = Box::pin(server.shutdown());
        let _ = leader.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        let _ = server.shutdown_blocking();
        done.send(()).unwrap();
    });
    assert!(ended.recv_timeout(GENEROUS).is_ok(), "the blocking follower hangs without a bound");
}

/// The panic of a task in a `Shared<JoinSet>`.
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct SharedSet {
    #[shutdown]
    set: Shared<JoinSet<()>>,
    guard: ShutdownGuard<Self>,
}
#[tokio::test]
async fn a_panic_in_a_shared_join_set_is_reported() {
    let mut set = JoinSet::new();
    set.spawn(async { panic!("boom") });
    let mut v = SharedSet { set: Shared::new(set), guard: ShutdownGuard::new() };
    let result = v.shutdown().await;
    assert!(result.is_err(), "the panic is lost: {}", result.unwrap());
}

/// What one owner forced did not stop by itself for the other.
#[must_shutdown(timeout = "200ms", on_drop = "log")]
struct A {
    #[shutdown]
    spy: Shared<Spy>,
    guard: ShutdownGuard<Self>,
}
#[must_shutdown(timeout = "20s", on_drop = "log")]
struct B {
    #[shutdown]
    spy: Shared<Spy>,
    guard: ShutdownGuard<Self>,
}
#[tokio::test]
async fn what_one_owner_forced_is_forced_for_the_other() {
    let spy = Shared::new(Spy::new());
    let mut a = A { spy: spy.clone(), guard: ShutdownGuard::new() };
    let mut b = B { spy, guard: ShutdownGuard::new() };
    let (a, b) = tokio::join!(a.shutdown(), b.shutdown());
    assert_eq!(a.unwrap_err().report().steps()[0].outcome().word(), "forced");
    let b = b.unwrap_or_else(|error| error.into_report());
    assert_eq!(b.steps()[0].outcome().word(), "forced", "{b}");
}

/// A later, shorter limit is the limit of the shutdown that runs.
#[must_shutdown(shared, timeout = "60s", on_drop = "log")]
struct Hurried {
    #[shutdown]
    first: Shared<Spy>,
    #[shutdown(after = first)]
    second: Shared<Spy>,
    guard: ShutdownGuard<Self>,
}
impl Hurried {
    fn new(second: &Spy) -> Arc<Self> {
        let (first, second) = (Shared::new(Spy::new()), Shared::new(second.clone()));
        Arc::new(Hurried { first, second, guard: ShutdownGuard::new() })
    }
}
#[tokio::test(start_paused = true)]
async fn a_shorter_limit_hurries_the_shutdown_that_runs() {
    let hurried = Hurried::new(&Spy::released());
    let start = tokio::time::Instant::now();
    let later = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        hurried.shutdown_within(Duration::from_secs(2)).await
    };
    let (leader, follower) = tokio::join!(hurried.shutdown(), later);
    assert!(start.elapsed() <= Duration::from_secs(7), "the running one had {:?}", start.elapsed());
    let (leader, follower) = (leader.unwrap_err().into_report(), follower.unwrap_err().into_report());
    let words: Vec<_> = leader.steps().iter().map(|step| step.outcome().word()).collect();
    assert_eq!(words, ["forced", "stopped"], "the second step has its share: {leader}");
    assert_eq!(leader.to_string(), follower.to_string(), "one shutdown, one report");
    assert!(leader.to_string().contains("(limit 7.0 s, lowered from 60.0 s)"), "{leader}");
}
/// What is longer than any clock counts is no limit.
#[tokio::test(start_paused = true)]
async fn a_shorter_limit_hurries_a_shutdown_without_one() {
    let longest = Duration::from_secs(i64::MAX as u64 - 60 * 60 * 24 * 365 * 20);
    for forever in [Duration::MAX, longest] {
        let hurried = Hurried::new(&Spy::released());
        let later = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            hurried.shutdown_within(Duration::from_secs(2)).await
        };
        let (leader, _) = tokio::join!(hurried.shutdown_within(forever), later);
        let leader = leader.unwrap_err().into_report();
        assert_eq!(leader.lowered_from(), Some(Duration::MAX), "{leader}");
        assert!(leader.to_string().contains("(limit 7.0 s, there was none at first)"), "{leader}");
    }
}
/// A wait that is dropped for it panics: the shutdown goes on.
#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_hurried_survives_a_drop_that_panics() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            if !thread::panicking() {
                panic!("a drop that panics");
            }
        }
    }
    async fn late(_: &u8) {
        let _bomb = Bomb;
        std::future::pending::<()>().await;
    }
    #[must_shutdown(shared, timeout = "60s", on_drop = "log")]
    struct Late {
        #[shutdown(with = late)]
        it: u8,
        #[shutdown]
        other: Shared<Spy>,
        guard: ShutdownGuard<Self>,
    }
    let value = Arc::new(Late { it: 0, other: Shared::new(Spy::new()), guard: ShutdownGuard::new() });
    let later = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        value.shutdown_within(Duration::from_secs(2)).await
    };
    let (leader, follower) = tokio::join!(value.shutdown(), later);
    let (leader, follower) = (leader.unwrap_err().into_report(), follower.unwrap_err().into_report());
    assert_eq!(leader.to_string(), follower.to_string());
    assert_eq!(leader.find("Late.other").unwrap().outcome().word(), "forced", "{leader}");
}
#[tokio::test(start_paused = true)]
async fn a_limit_of_zero_ends_the_shutdown_that_runs_at_once() {
    let hurried = Hurried::new(&Spy::new());
    let start = tokio::time::Instant::now();
    let mut leader = Box::pin(hurried.shutdown());
    assert!(is_pending(&mut leader).await);
    let (leader, follower) = tokio::join!(leader, hurried.shutdown_within(Duration::ZERO));
    assert!(start.elapsed() <= Duration::from_millis(100), "{:?}", start.elapsed());
    for report in [leader, follower].map(|result| result.unwrap_err().into_report()) {
        let words: Vec<_> = report.steps().iter().map(|step| step.outcome().word()).collect();
        assert_eq!(words, ["forced", "forced"], "{report}");
    }
}
#[tokio::test(start_paused = true)]
async fn a_longer_limit_does_not_lengthen_the_shutdown_that_runs() {
    let hurried = Hurried::new(&Spy::released());
    let start = tokio::time::Instant::now();
    let mut leader = Box::pin(hurried.shutdown_within(Duration::from_secs(2)));
    assert!(is_pending(&mut leader).await);
    let (leader, _) = tokio::join!(leader, hurried.shutdown_within(Duration::from_secs(30)));
    assert!(start.elapsed() <= Duration::from_secs(2), "{:?}", start.elapsed());
    let report = leader.unwrap_err().into_report().to_string();
    assert!(report.contains("(limit 2.0 s)"), "{report}");
}
/// Of two that ask for less, the shorter counts; one that has given up counts no more for the next.
#[tokio::test(start_paused = true)]
async fn the_shortest_limit_counts_while_its_caller_waits() {
    let hurried = Hurried::new(&Spy::released());
    {
        let mut given_up = Box::pin(hurried.shutdown_within(Duration::from_millis(1)));
        assert!(is_pending(&mut given_up).await);
    }
    let start = tokio::time::Instant::now();
    let (leader, ..) = tokio::join!(
        hurried.shutdown(),
        hurried.shutdown_within(Duration::from_secs(20)),
        hurried.shutdown_within(Duration::from_secs(10)),
    );
    let report = leader.unwrap_err().into_report();
    assert!(report.to_string().contains("(limit 10.0 s, lowered from 60.0 s)"), "{report}");
    assert!((Duration::from_secs(4)..=Duration::from_secs(10)).contains(&start.elapsed()), "{:?}", start.elapsed());
}
/// The running one blocks its thread; it is woken there.
#[test]
fn a_blocking_shutdown_is_hurried_too() {
    let hurried = Hurried::new(&Spy::new());
    let leader = thread::spawn({
        let hurried = Arc::clone(&hurried);
        move || hurried.shutdown_blocking().unwrap_err().into_report()
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // The first step is requested: the leader runs.
    runtime.block_on(hurried.guard.stop_token().cancelled());
    let follower = runtime.block_on(hurried.shutdown_within(Duration::ZERO)).unwrap_err().into_report();
    let leader = leader.join().unwrap();
    assert!(leader.lowered_from() == Some(Duration::from_secs(60)), "{leader}");
    assert_eq!(leader.to_string(), follower.to_string());
}
