//! A field that is set when its value lives already.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sundown::{CancellationToken, Later, ShutdownGuard, Tasks, must_shutdown};
use sundown_tests::{Spy, What, is_pending};
use tokio::task::JoinHandle;

#[must_shutdown(shared)]
struct Server {
    #[shutdown]
    stop: CancellationToken,
    #[shutdown(after = stop)]
    accept: Later<JoinHandle<Result<(), std::io::Error>>>,
    #[shutdown]
    spy: Later<Spy>,
    guard: ShutdownGuard<Self>,
}

fn server() -> Arc<Server> {
    let (stop, accept, spy) = (CancellationToken::new(), Later::new(), Later::new());
    Arc::new(Server { stop, accept, spy, guard: ShutdownGuard::new() })
}

#[tokio::test]
async fn a_task_of_its_own_value_is_stopped() {
    let server = server();
    let accepts = Arc::clone(&server);
    let task = tokio::spawn(async move {
        accepts.stop.cancelled().await;
        Err(std::io::Error::other("the socket is gone"))
    });
    server.accept.set(task).expect("it is not set");
    assert!(server.accept.set(tokio::spawn(async { Ok(()) })).is_err(), "it is set once");
    let (count, result) = server.with_shutdown(async |server| Arc::strong_count(server)).await;
    assert_eq!(count, 2);
    let report = result.unwrap_err().into_report();
    assert_eq!(report.find("Server.accept").unwrap().outcome().to_string(), "failed: the socket is gone");
    assert!(report.find("Server.spy").unwrap().outcome().is_stopped(), "it was never set");
}

#[tokio::test]
async fn what_comes_during_the_shutdown_is_given_back() {
    let server = server();
    assert!(server.accept.set(tokio::spawn(std::future::pending())).is_ok());
    let mut shutdown = Box::pin(server.shutdown());
    assert!(is_pending(&mut shutdown).await);
    let late = server.spy.set(Spy::new()).unwrap_err();
    assert_eq!(late.moves(), [], "it is the caller's");
    drop(shutdown);
    let _ = server.shutdown_within(Duration::ZERO).await;
    assert!(server.spy.set(Spy::new()).is_err(), "and after it");
}

/// A step that waits for others can be set until it is its turn.
#[tokio::test]
async fn what_comes_before_its_turn_is_stopped() {
    #[must_shutdown(shared)]
    struct Slow {
        #[shutdown]
        first: sundown::Shared<Spy>,
        #[shutdown(after = first)]
        then: Later<Spy>,
        guard: ShutdownGuard<Self>,
    }
    let (first, then) = (Spy::new(), Spy::released());
    let slow = Slow { first: first.clone().into(), then: Later::new(), guard: ShutdownGuard::new() };
    let mut shutdown = Box::pin(slow.shutdown());
    assert!(is_pending(&mut shutdown).await);
    assert!(slow.then.set(then.clone()).is_ok());
    first.release();
    shutdown.await.unwrap();
    assert_eq!(then.moves(), [What::Requested, What::Ended]);
}

/// In a value that is not shared too, and when that is dropped.
#[test]
fn a_value_that_is_dropped_takes_it_along() {
    #[must_shutdown(on_drop = "log")]
    struct Owner {
        #[shutdown]
        set: Later<Spy>,
        #[shutdown]
        unset: Later<Tasks>,
        guard: ShutdownGuard<Self>,
    }
    let spy = Spy::new();
    let owner = Owner { set: Later::new(), unset: Later::new(), guard: ShutdownGuard::new() };
    owner.set.set(spy.clone()).ok().unwrap();
    assert!(owner.set.get().is_some() && owner.unset.get().is_none());
    drop(owner);
    spy.release();
    assert!(spy.thread_of(What::Ended).starts_with("sundown-reaper"));
}

/// Its clone lasts until the other call has returned, or has had the time to.
struct Slow(Arc<AtomicBool>, Arc<AtomicBool>);

impl Clone for Slow {
    fn clone(&self) -> Self {
        let first = !self.0.swap(true, Ordering::SeqCst);
        let begun = Instant::now();
        while first && !self.1.load(Ordering::SeqCst) && begun.elapsed() < Duration::from_millis(300) {
            thread::yield_now();
        }
        Slow(Arc::clone(&self.0), Arc::clone(&self.1))
    }
}

#[test]
fn two_at_once_get_it() {
    let (cloning, returned) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let later = Later::new();
    later.set(Slow(Arc::clone(&cloning), Arc::clone(&returned))).ok().unwrap();
    let first = thread::spawn({
        let later = later.clone();
        move || later.get().is_some()
    });
    while !cloning.load(Ordering::SeqCst) {
        thread::yield_now();
    }
    assert!(later.get().is_some(), "it is set, and runs");
    returned.store(true, Ordering::SeqCst);
    assert!(first.join().unwrap());
}

/// Another looks at the moment when it is set.
#[test]
fn it_can_be_set_while_others_look() {
    let laters: Arc<Vec<Later<u8>>> = Arc::new((0..2_000).map(|_| Later::new()).collect());
    let at = Arc::new(AtomicUsize::new(usize::MAX));
    let looks = thread::spawn({
        let (laters, at) = (Arc::clone(&laters), Arc::clone(&at));
        move || {
            for (i, later) in laters.iter().enumerate() {
                at.store(i, Ordering::SeqCst);
                while later.get().is_none() {
                    thread::yield_now();
                }
            }
        }
    });
    let mut refused = 0;
    for (i, later) in laters.iter().enumerate() {
        while at.load(Ordering::SeqCst) != i {
            thread::yield_now();
        }
        while later.set(1).is_err() {
            refused += 1;
        }
    }
    looks.join().unwrap();
    assert_eq!(refused, 0);
}
