//! What a drop does, by the place where it happens. One test per place.
//!
//! A [`Spy`] notes on which thread it was asked, waited for and forced, so each test sees what was decided: waited here,
//! handed to the reaper, or asked and forced without waiting.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use sundown::{ShutdownGuard, must_shutdown};
use sundown_tests::{GENEROUS, Pinned, Spy, What, is_pending};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

const REAPER: &str = "sundown-reaper";

/// Waits in its drop where that is safe.
#[must_shutdown(on_drop = "wait", timeout = "120s")]
struct Waits {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}

/// Does not.
#[must_shutdown(on_drop = "log", timeout = "120s")]
struct Logs {
    #[shutdown]
    spy: Spy,
    #[shutdown]
    pinned: Pinned,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown(on_drop = "panic", timeout = "120s")]
struct Panics {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown(on_drop = "wait", timeout = "120s")]
struct OwnsRuntime {
    #[shutdown]
    runtime: Option<Runtime>,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown(on_drop = "wait", timeout = "120s")]
struct OwnsThread {
    #[shutdown]
    thread: Option<thread::JoinHandle<()>>,
    guard: ShutdownGuard<Self>,
}

fn waits() -> (Spy, Waits) {
    let spy = Spy::new();
    (spy.clone(), Waits { spy, guard: ShutdownGuard::new() })
}

fn logs() -> (Spy, Pinned, Logs) {
    let (spy, pinned) = (Spy::new(), Pinned::default());
    (spy.clone(), pinned.clone(), Logs { spy, pinned, guard: ShutdownGuard::new() })
}

fn here() -> String {
    thread::current().name().unwrap().to_owned()
}

fn multi_thread(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).enable_all().build().unwrap()
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Something that lives in a runtime's task, and tells when it is dropped.
fn sentinel(runtime: &Runtime) -> mpsc::Receiver<()> {
    let (tell, told) = mpsc::channel::<()>();
    runtime.spawn(async move {
        let _tell = tell;
        std::future::pending::<()>().await;
    });
    told
}

fn is_gone(told: &mpsc::Receiver<()>) -> bool {
    told.recv_timeout(GENEROUS) == Err(mpsc::RecvTimeoutError::Disconnected)
}

#[test]
fn no_runtime_and_wait() {
    let (spy, value) = waits();
    let releaser = thread::spawn({
        let spy = spy.clone();
        move || {
            let _ = spy.thread_of(What::Requested);
            spy.release();
        }
    });
    drop(value);
    assert_eq!(spy.moves(), [What::Requested, What::Ended], "the drop returned after the end");
    assert_eq!(spy.thread_of(What::Ended), here());
    releaser.join().unwrap();
}

#[test]
fn no_runtime_and_log() {
    let (spy, pinned, value) = logs();
    drop(value);
    assert_eq!(spy.thread_of(What::Requested), here());
    assert_eq!(spy.moves(), [What::Requested], "the drop did not wait for what nobody released");
    assert_eq!(pinned.0.moves(), [What::Requested, What::Forced], "what cannot be moved out is forced at once");
    spy.release();
    assert_eq!(spy.thread_of(What::Ended), REAPER);
}

#[test]
fn no_runtime_and_panic() {
    let spy = Spy::new();
    let value = Panics { spy: spy.clone(), guard: ShutdownGuard::new() };
    let line = line!() - 1;
    let payload = catch_unwind(AssertUnwindSafe(|| drop(value))).expect_err("the drop panics");
    let message = payload.downcast_ref::<String>().unwrap();
    for part in ["Panics`", &format!("drop_by_place.rs:{line}"), "`shutdown().await`", "`with_shutdown`", "`?`"] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    assert_eq!(spy.moves()[0], What::Requested, "asked before the panic");
    spy.release();
    assert_eq!(spy.thread_of(What::Ended), REAPER);
}

#[test]
fn on_a_multi_thread_worker() {
    let runtime = multi_thread(1);
    let (spy, value) = waits();
    let (told, tell) = (oneshot::channel::<()>(), spy.clone());
    // The only worker must stay free: another task of it lets the spy end.
    runtime.block_on(async {
        let (go, gone) = told;
        let dropper = tokio::spawn(async move {
            drop(value);
            go.send(()).unwrap();
        });
        gone.await.unwrap();
        assert_eq!(tell.moves(), [What::Requested], "handed over, not waited for");
        tokio::spawn(async move { tell.release() }).await.unwrap();
        dropper.await.unwrap();
    });
    assert_eq!(spy.thread_of(What::Ended), REAPER);
    assert_eq!(spy.moves(), [What::Requested, What::Ended]);
}

#[test]
fn under_block_on_of_a_multi_thread_runtime() {
    let runtime = multi_thread(1);
    let (spy, value) = waits();
    runtime.block_on(async {
        let releaser = spy.clone();
        tokio::spawn(async move { releaser.release() });
        drop(value);
        assert_eq!(spy.moves(), [What::Requested, What::Ended], "the workers go on, so it is safe to wait");
    });
    assert_eq!(spy.thread_of(What::Ended), here());
}

#[test]
fn on_a_current_thread_runtime() {
    let runtime = current_thread();
    let (spy, value) = waits();
    runtime.block_on(async {
        drop(value);
        assert_eq!(spy.moves(), [What::Requested], "only this thread could have released it");
        let releaser = spy.clone();
        tokio::spawn(async move { releaser.release() }).await.unwrap();
    });
    assert_eq!(spy.thread_of(What::Ended), REAPER);
}

#[test]
fn inside_its_own_runtime_on_a_worker() {
    let runtime = multi_thread(2);
    let told = sentinel(&runtime);
    let handle = runtime.handle().clone();
    let value = OwnsRuntime { runtime: Some(runtime), guard: ShutdownGuard::new() };
    let (done, dropped) = mpsc::channel();
    handle.spawn(async move { done.send(catch_unwind(AssertUnwindSafe(|| drop(value))).is_ok()).unwrap() });
    assert_eq!(dropped.recv_timeout(GENEROUS), Ok(true), "no hang, and no `Cannot drop a runtime` panic");
    assert!(is_gone(&told), "the runtime was shut down");
}

#[test]
fn inside_its_own_runtime_on_a_blocking_thread() {
    let runtime = multi_thread(1);
    let told = sentinel(&runtime);
    let handle = runtime.handle().clone();
    let value = OwnsRuntime { runtime: Some(runtime), guard: ShutdownGuard::new() };
    let (done, dropped) = mpsc::channel();
    handle.spawn_blocking(move || done.send(catch_unwind(AssertUnwindSafe(|| drop(value))).is_ok()).unwrap());
    assert_eq!(dropped.recv_timeout(GENEROUS), Ok(true));
    assert!(is_gone(&told));
}

#[test]
fn inside_its_own_runtime_under_block_on() {
    for runtime in [multi_thread(1), current_thread()] {
        let told = sentinel(&runtime);
        let handle = runtime.handle().clone();
        let value = OwnsRuntime { runtime: Some(runtime), guard: ShutdownGuard::new() };
        handle.block_on(async { drop(value) });
        assert!(is_gone(&told));
    }
}

#[test]
fn on_a_thread_that_the_value_owns() {
    let (give, take) = mpsc::channel::<OwnsThread>();
    let (done, dropped) = mpsc::channel();
    let thread = thread::spawn(move || {
        drop(take.recv().unwrap());
        done.send(()).unwrap();
    });
    give.send(OwnsThread { thread: Some(thread), guard: ShutdownGuard::new() }).unwrap();
    assert_eq!(dropped.recv_timeout(GENEROUS), Ok(()), "a thread that joins itself would hang");
}

#[test]
fn while_unwinding() {
    let spy = Spy::new();
    let value = Panics { spy: spy.clone(), guard: ShutdownGuard::new() };
    let payload = catch_unwind(AssertUnwindSafe(move || {
        let _value = value;
        panic!("the first panic");
    }))
    .expect_err("it panics");
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"the first panic"), "a second one would have aborted");
    assert_eq!(spy.moves()[0], What::Requested);
    spy.release();
    assert_eq!(spy.thread_of(What::Ended), REAPER);

    let (spy, value) = waits();
    catch_unwind(AssertUnwindSafe(move || {
        let _value = value;
        panic!("with a value that would wait");
    }))
    .expect_err("it panics");
    assert_eq!(spy.moves(), [What::Requested], "never waited for while unwinding");
    spy.release();
    assert_eq!(spy.thread_of(What::Ended), REAPER);
}

#[test]
fn after_its_runtime_is_gone() {
    #[must_shutdown(on_drop = "wait", timeout = "120s")]
    struct Task {
        #[shutdown]
        task: tokio::task::JoinHandle<()>,
        guard: ShutdownGuard<Self>,
    }
    let runtime = multi_thread(1);
    let value =
        runtime.block_on(async { Task { task: tokio::spawn(std::future::pending()), guard: ShutdownGuard::new() } });
    drop(runtime);
    let start = std::time::Instant::now();
    drop(value);
    assert!(start.elapsed() < GENEROUS / 3, "a task of a runtime that is gone has ended, so the drop does not wait");
}

#[test]
fn inside_a_local_set() {
    for runtime in [current_thread(), multi_thread(1)] {
        let (spy, value) = waits();
        LocalSet::new().block_on(&runtime, async {
            tokio::task::spawn_local(async move { drop(value) }).await.expect("tokio forbids `block_in_place` here");
            assert_eq!(spy.moves(), [What::Requested]);
            let releaser = spy.clone();
            tokio::task::spawn_local(async move { releaser.release() }).await.unwrap();
        });
        assert_eq!(spy.thread_of(What::Ended), REAPER);
    }
}

#[test]
fn twice() {
    #[must_shutdown(on_drop = "panic", timeout = "120s")]
    struct Outer {
        #[shutdown]
        inner: Panics,
        guard: ShutdownGuard<Self>,
    }
    let spy = Spy::new();
    spy.release();
    let inner = Panics { spy: spy.clone(), guard: ShutdownGuard::new() };
    let mut outer = Outer { inner, guard: ShutdownGuard::new() };
    let first = outer.shutdown_blocking().unwrap().to_string();
    assert_eq!(outer.shutdown_blocking().unwrap().to_string(), first, "the same report");
    drop(outer);
    assert_eq!(spy.moves(), [What::Requested, What::Ended], "neither the outer nor the inner drop touched it again");

    let spy = Spy::new();
    let inner = Panics { spy: spy.clone(), guard: ShutdownGuard::new() };
    let outer = Outer { inner, guard: ShutdownGuard::new() };
    let payload = catch_unwind(AssertUnwindSafe(|| drop(outer))).expect_err("the outer drop panics");
    assert!(payload.downcast_ref::<String>().unwrap().contains("Outer`"), "and the inner one does not");
    spy.release();
    assert_eq!(spy.thread_of(What::Ended), REAPER);
    assert_eq!(spy.moves(), [What::Requested, What::Ended], "asked once");
}

#[test]
fn half_way_through_a_shutdown() {
    #[must_shutdown(on_drop = "panic", timeout = "120s")]
    struct Chain {
        #[shutdown]
        first: Spy,
        #[shutdown(after = first)]
        second: Spy,
        #[shutdown(after = second)]
        third: Spy,
        guard: ShutdownGuard<Self>,
    }
    let (first, second, third) = (Spy::new(), Spy::new(), Spy::new());
    first.release();
    let spies = (first.clone(), second.clone(), third.clone());
    let mut value = Chain { first, second, third, guard: ShutdownGuard::new() };
    current_thread().block_on(async {
        let mut shutdown = Box::pin(value.shutdown());
        assert!(is_pending(&mut shutdown).await);
    });
    let (first, second, third) = spies;
    assert_eq!((first.moves(), second.moves()), (vec![What::Requested, What::Ended], vec![What::Requested]));
    drop(value); // no panic: its shutdown began
    second.release();
    third.release();
    assert_eq!(third.thread_of(What::Ended), REAPER, "the drop finished what was left, in the order");
    assert_eq!(first.moves(), [What::Requested, What::Ended], "what had ended was not touched again");
    assert_eq!(second.moves(), [What::Requested, What::Ended], "what was asked was not asked again");
}

#[test]
fn with_a_force_that_panics() {
    #[must_shutdown(on_drop = "log", timeout = "120s")]
    struct Two {
        #[shutdown]
        bad: Pinned,
        #[shutdown]
        good: Pinned,
        guard: ShutdownGuard<Self>,
    }
    let (bad, good) = (Spy::panicking(), Spy::new());
    let value = Two { bad: Pinned(bad.clone()), good: Pinned(good.clone()), guard: ShutdownGuard::new() };
    drop(value);
    assert_eq!(bad.moves(), [What::Requested, What::Forced]);
    assert_eq!(good.moves(), [What::Requested, What::Forced], "the panic of one did not spare the other");
}

/// The home runtime in a drop.
static IN_RUNTIME: AtomicUsize = AtomicUsize::new(0);
#[must_shutdown(timeout = "1s", on_drop = "log")]
struct Asks {
    #[shutdown(request = |_: &mut u8| { if tokio::runtime::Handle::try_current().is_ok() { IN_RUNTIME.fetch_add(1, Ordering::SeqCst); } }, with = async |_| (), force = |_| ())]
    a: u8,
    guard: ShutdownGuard<Self>,
}
#[test]
fn a_drop_asks_inside_the_home_runtime() {
    let rt = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let v = rt.block_on(async { Asks { a: 0, guard: ShutdownGuard::new() } });
    let mut w = rt.block_on(async { Asks { a: 0, guard: ShutdownGuard::new() } });
    w.shutdown_blocking().unwrap();
    assert_eq!(IN_RUNTIME.load(Ordering::SeqCst), 1, "the blocking shutdown is entered");
    drop(v);
    assert_eq!(IN_RUNTIME.load(Ordering::SeqCst), 2, "a drop is too");
}
