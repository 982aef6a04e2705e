//! What once went wrong in the core, each with the way it went.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use sundown::{Memo, Outcome, Phase, Shared, ShutdownGuard, Teardown, Wait, must_shutdown};
use sundown_tests::{Pinned, Spy, What};
use tokio::task::{JoinHandle, JoinSet};

const MS: fn(u64) -> Duration = Duration::from_millis;

fn released() -> Spy {
    let spy = Spy::new();
    spy.release();
    spy
}

async fn poll_once<F: Future>(future: &mut std::pin::Pin<Box<F>>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
}

/// 1. A late wait whose future panics when it is dropped.
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
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct LateBomb {
    #[shutdown(with = late, force = |_| (), timeout = "100ms")]
    a: u8,
    #[shutdown]
    other: Pinned,
    #[shutdown(after = a)]
    last: Pinned,
    guard: ShutdownGuard<Self>,
}
#[tokio::test]
async fn a_wait_that_panics_when_it_is_dropped_spares_the_others() {
    let (other, last) = (Pinned::default(), Pinned::default());
    let mut v = LateBomb { a: 0, other: other.clone(), last: last.clone(), guard: ShutdownGuard::new() };
    let report = v.shutdown().await.unwrap_err().into_report();
    println!("{report}");
    drop(v);
    assert_eq!(other.0.moves(), [What::Asked, What::Forced, What::Ended], "{report}");
    assert_eq!(last.0.moves()[0], What::Asked, "{report}");
}

/// 1b. The same with a future that is kept (`with` by value).
async fn late_by_value(bomb: Bomb) {
    let _bomb = bomb;
    std::future::pending::<()>().await;
}
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct LateKept {
    #[shutdown(with = late_by_value, force = |_: &mut Option<Bomb>| (), timeout = "100ms")]
    a: Option<Bomb>,
    #[shutdown]
    other: Pinned,
    guard: ShutdownGuard<Self>,
}
#[tokio::test]
async fn a_kept_wait_that_panics_when_it_is_dropped() {
    let other = Pinned::default();
    let mut v = LateKept { a: Some(Bomb), other: other.clone(), guard: ShutdownGuard::new() };
    let report = v.shutdown().await.unwrap_err().into_report();
    println!("{report}");
    drop(v);
    assert_eq!(other.0.moves(), [What::Asked, What::Forced, What::Ended], "{report}");
}

/// 2. A follower's own budget.
#[must_shutdown(shared, timeout = "60s", on_drop = "log")]
struct Server {
    #[shutdown]
    spy: Shared<Spy>,
    guard: ShutdownGuard<Self>,
}
#[tokio::test]
async fn a_followers_budget_counts() {
    let server = Server { spy: Shared::new(Spy::new()), guard: ShutdownGuard::new() };
    let mut leader = Box::pin(server.shutdown());
    assert!(!poll_once(&mut leader).await);
    let follower = tokio::time::timeout(MS(2_000), server.shutdown_within(MS(100))).await;
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
    assert!(ended.recv_timeout(MS(3_000)).is_ok(), "the blocking follower hangs without a bound");
}

/// 3. The panic of a task in a `Shared<JoinSet>`.
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

/// 5. A hook that owns a guarded value.
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct Logs {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}

/// 6. An inner shutdown after its owner's was dropped half-way.
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct Inner {
    #[shutdown]
    a: JoinHandle<()>,
    #[shutdown]
    b: Spy,
    guard: ShutdownGuard<Self>,
}
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct Outer {
    #[shutdown]
    inner: Inner,
    guard: ShutdownGuard<Self>,
}
#[tokio::test]
async fn an_inner_shutdown_goes_on_where_the_owners_stopped() {
    let b = Spy::new();
    let a = tokio::spawn(async {});
    tokio::task::yield_now().await;
    let mut outer =
        Outer { inner: Inner { a, b: b.clone(), guard: ShutdownGuard::new() }, guard: ShutdownGuard::new() };
    {
        let mut half = Box::pin(outer.shutdown());
        assert!(!poll_once(&mut half).await);
    }
    b.release();
    let result = outer.inner.shutdown().await;
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

/// 8. A memo of one's own.
#[derive(Teardown)]
#[teardown(timeout = "100ms")]
struct Bounded {
    #[shutdown]
    spy: Spy,
}
#[tokio::test]
async fn a_nested_plan_under_a_memo_of_ones_own_is_bounded() {
    let mut v = Bounded { spy: Spy::new() };
    let mut memo = Memo::new("bounded");
    v.request(&mut memo);
    let ended = tokio::time::timeout(MS(2_000), v.wait(&mut memo)).await;
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
async fn a_guarded_value_under_a_memo_of_ones_own_is_bounded() {
    let mut v = GuardedAndBounded { spy: Spy::new(), guard: ShutdownGuard::new() };
    let mut memo = Memo::new("bounded");
    v.request(&mut memo);
    let ended = tokio::time::timeout(MS(2_000), v.wait(&mut memo)).await;
    assert!(ended.is_ok(), "nobody serves its alarms");
}

/// 12. A drop that waits, on the reaper thread.
#[must_shutdown(timeout = "3s", on_drop = "wait")]
struct Waits {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}
struct Holder(Option<Waits>);
impl Teardown for Holder {
    fn request(&mut self, _: &mut Memo) {}
    fn wait<'a>(&'a mut self, _: &'a mut Memo) -> Wait<'a> {
        Box::pin(async { Outcome::Stopped })
    }
    fn force(&mut self, _: &mut Memo) {}
    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        Some(Box::new(Holder(self.0.take())))
    }
}
#[must_shutdown(timeout = "300ms", on_drop = "log")]
struct Held {
    #[shutdown]
    holder: Holder,
    guard: ShutdownGuard<Self>,
}
#[must_shutdown(timeout = "300ms", on_drop = "log")]
struct Quick {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}
#[test]
fn a_drop_on_the_reaper_thread_does_not_hold_up_the_others() {
    let stuck = Spy::new();
    let quick = Spy::new();
    drop(Held {
        holder: Holder(Some(Waits { spy: stuck.clone(), guard: ShutdownGuard::new() })),
        guard: ShutdownGuard::new(),
    });
    let _ = stuck.thread_of(What::Asked);
    let start = Instant::now();
    drop(Quick { spy: quick.clone(), guard: ShutdownGuard::new() });
    let _ = quick.thread_of(What::Forced);
    let took = start.elapsed();
    assert!(took < MS(1_500), "its 300 ms became {took:?}");
}

/// 13. A nested limit in the reaper.
#[derive(Teardown)]
#[teardown(timeout = "200ms")]
struct Short {
    #[shutdown]
    spy: Spy,
}
#[must_shutdown(timeout = "4s", on_drop = "log")]
struct Long {
    #[shutdown]
    short: Short,
    guard: ShutdownGuard<Self>,
}
#[test]
fn a_nested_timeout_counts_in_the_reaper() {
    let spy = Spy::new();
    let start = Instant::now();
    drop(Long { short: Short { spy: spy.clone() }, guard: ShutdownGuard::new() });
    let _ = spy.thread_of(What::Forced);
    let took = start.elapsed();
    assert!(took < MS(2_000), "its 200 ms became {took:?}");
}

/// 14. The home runtime in a drop.
static IN_RUNTIME: AtomicUsize = AtomicUsize::new(0);
#[must_shutdown(timeout = "1s", on_drop = "log")]
struct Asks {
    #[shutdown(ask = |_: &mut u8| { if tokio::runtime::Handle::try_current().is_ok() { IN_RUNTIME.fetch_add(1, Ordering::SeqCst); } }, with = async |_| (), force = |_| ())]
    a: u8,
    guard: ShutdownGuard<Self>,
}
#[test]
fn a_drop_asks_inside_the_home_runtime() {
    let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let v = rt.block_on(async { Asks { a: 0, guard: ShutdownGuard::new() } });
    let mut w = rt.block_on(async { Asks { a: 0, guard: ShutdownGuard::new() } });
    w.shutdown_blocking().unwrap();
    assert_eq!(IN_RUNTIME.load(Ordering::SeqCst), 1, "the blocking shutdown is entered");
    drop(v);
    assert_eq!(IN_RUNTIME.load(Ordering::SeqCst), 2, "a drop is too");
}

/// 15. A shutdown future that was leaked.
#[tokio::test]
async fn a_drop_after_a_leaked_shutdown_still_asks_and_forces() {
    let spy = Spy::new();
    let mut v = Quick { spy: spy.clone(), guard: ShutdownGuard::new() };
    let mut leaked = Box::pin(v.shutdown());
    assert!(!poll_once(&mut leaked).await);
    std::mem::forget(leaked);
    drop(v);
    let (send, receive) = mpsc::channel();
    thread::spawn({
        let spy = spy.clone();
        move || {
            for _ in 0..100 {
                if spy.moves().contains(&What::Forced) {
                    let _ = send.send(());
                    return;
                }
                thread::sleep(MS(20));
            }
        }
    });
    assert!(receive.recv().is_ok(), "nobody finishes it: {:?}", spy.moves());
}

/// 16. What one owner forced did not stop by itself for the other.
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

/// 18. An abort handle of what cannot be aborted.
#[must_shutdown(timeout = "1s", on_drop = "log")]
struct Aborts {
    #[shutdown]
    task: tokio::task::AbortHandle,
    guard: ShutdownGuard<Self>,
}
/// 19. Tokio's cooperative budget.
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

async fn explode(_: &u8) {
    std::panic::panic_any(Bomb)
}

/// 20. A payload whose drop panics.
#[must_shutdown(timeout = "300ms", on_drop = "log")]
struct Payload {
    #[shutdown(with = explode, force = |_| ())]
    a: u8,
    #[shutdown]
    other: Pinned,
    guard: ShutdownGuard<Self>,
}
#[tokio::test]
async fn a_panic_payload_that_panics_spares_the_others() {
    let other = Pinned::default();
    let mut v = Payload { a: 0, other: other.clone(), guard: ShutdownGuard::new() };
    let report = v.shutdown().await.unwrap_err().into_report();
    assert_eq!(other.0.moves(), [What::Asked, What::Forced, What::Ended], "{report}");
}

/// 23. A wait that panics, of something that runs on.
#[derive(Clone)]
struct PanickingWait(Spy);
impl Teardown for PanickingWait {
    fn request(&mut self, memo: &mut Memo) {
        self.0.request(memo);
    }
    fn wait<'a>(&'a mut self, _: &'a mut Memo) -> Wait<'a> {
        Box::pin(async { panic!("a wait that panics") })
    }
    fn force(&mut self, memo: &mut Memo) {
        self.0.force(memo);
    }
}
#[must_shutdown(timeout = "300ms", on_drop = "log")]
struct Panicking {
    #[shutdown]
    a: PanickingWait,
    guard: ShutdownGuard<Self>,
}
#[tokio::test]
async fn what_nobody_can_wait_for_is_forced() {
    let spy = Spy::new();
    let mut v = Panicking { a: PanickingWait(spy.clone()), guard: ShutdownGuard::new() };
    let _ = v.shutdown().await.unwrap_err();
    assert_eq!(v.guard.phase(), Phase::Settled);
    drop(v);
    assert_eq!(spy.moves(), [What::Asked, What::Forced]);
}

/// 5.
#[test]
fn a_hook_that_owns_a_guarded_value() {
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        let owned = Logs { spy: released(), guard: ShutdownGuard::new() };
        sundown::set_drop_hook(move |dropped| {
            let _ = &owned;
            dropped.policy
        });
        sundown::clear_drop_hook();
        done.send(()).unwrap();
    });
    assert!(ended.recv_timeout(MS(3_000)).is_ok(), "`clear_drop_hook` drops the hook under its lock");
}

/// 21. The alarms of async callers outside a runtime, behind a job that blocks.
#[derive(Clone)]
struct Blocks(mpsc::Sender<()>);
impl Teardown for Blocks {
    fn request(&mut self, _: &mut Memo) {}
    fn wait<'a>(&'a mut self, _: &'a mut Memo) -> Wait<'a> {
        Box::pin(async { Outcome::Stopped })
    }
    fn force(&mut self, _: &mut Memo) {}
    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        Some(Box::new(SlowDrop(self.0.clone())))
    }
}
struct SlowDrop(mpsc::Sender<()>);
impl Teardown for SlowDrop {
    fn request(&mut self, _: &mut Memo) {}
    fn wait<'a>(&'a mut self, _: &'a mut Memo) -> Wait<'a> {
        Box::pin(async { Outcome::Stopped })
    }
    fn force(&mut self, _: &mut Memo) {}
}
impl Drop for SlowDrop {
    fn drop(&mut self) {
        let _ = self.0.send(());
        thread::sleep(MS(3_000)); // a database that writes its log
    }
}
#[must_shutdown(timeout = "300ms", on_drop = "log")]
struct Blocking {
    #[shutdown]
    a: Blocks,
    guard: ShutdownGuard<Self>,
}
struct Park(thread::Thread);
impl std::task::Wake for Park {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let waker = std::task::Waker::from(Arc::new(Park(thread::current())));
    loop {
        if let Poll::Ready(out) = future.as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
            return out;
        }
        thread::park();
    }
}
#[test]
fn a_slow_drop_on_the_reaper_does_not_delay_other_callers_deadlines() {
    let (send, begun) = mpsc::channel();
    drop(Blocking { a: Blocks(send), guard: ShutdownGuard::new() });
    begun.recv().unwrap();
    let start = Instant::now();
    let mut v = Quick { spy: Spy::new(), guard: ShutdownGuard::new() };
    let _ = block_on(v.shutdown());
    let took = start.elapsed();
    assert!(took < MS(1_500), "300 ms became {took:?}");
}
/// 25. Two ways to the same thing: a nested value that was taken out of its owner half-way.
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct OptOuter {
    #[shutdown]
    inner: Option<Inner>,
    guard: ShutdownGuard<Self>,
}
#[tokio::test]
async fn an_inner_value_taken_out_after_its_owner_stopped_half_way() {
    let b = Spy::new();
    let a = tokio::spawn(async {});
    tokio::task::yield_now().await;
    let mut outer =
        OptOuter { inner: Some(Inner { a, b: b.clone(), guard: ShutdownGuard::new() }), guard: ShutdownGuard::new() };
    {
        let mut half = Box::pin(outer.shutdown());
        assert!(!poll_once(&mut half).await);
    }
    b.release();
    let mut inner = outer.inner.take().unwrap();
    let result = inner.shutdown().await;
    assert!(result.is_ok(), "{}", result.unwrap_err());
}
/// 27. A wait that panics before it returns its future.
struct Eager;
impl Teardown for Eager {
    fn request(&mut self, _: &mut Memo) {}
    fn wait<'a>(&'a mut self, _: &'a mut Memo) -> Wait<'a> {
        panic!("before there is a future")
    }
    fn force(&mut self, _: &mut Memo) {}
}
#[must_shutdown(timeout = "300ms", on_drop = "log")]
struct EagerOwner {
    #[shutdown]
    a: Eager,
    #[shutdown]
    other: Pinned,
    guard: ShutdownGuard<Self>,
}
#[tokio::test]
async fn a_wait_that_panics_before_its_future_spares_the_others() {
    let other = Pinned::default();
    let mut v = EagerOwner { a: Eager, other: other.clone(), guard: ShutdownGuard::new() };
    let report = v.shutdown().await.unwrap_err().into_report();
    assert_eq!(other.0.moves(), [What::Asked, What::Forced, What::Ended], "{report}");
}

/// 28. An inner value that was made in a runtime, in an owner that was made outside.
async fn needs_its_runtime(_: &u8) {
    tokio::time::sleep(MS(1)).await;
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
