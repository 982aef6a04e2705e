//! A panic stays in its step: in a wait, in the drop of its future, in the drop of its payload.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use sundown::{Outcome, Phase, Progress, ShutdownGuard, Teardown, Wait, must_shutdown};
use sundown_tests::{Pinned, Spy, What};
use tokio::task::JoinHandle;

/// A late wait whose future panics when it is dropped.
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
    assert_eq!(other.0.moves(), [What::Requested, What::Forced, What::Ended], "{report}");
    assert_eq!(last.0.moves()[0], What::Requested, "{report}");
}

/// The same with a future that is kept (`with` by value).
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
    assert_eq!(other.0.moves(), [What::Requested, What::Forced, What::Ended], "{report}");
}

async fn explode(_: &u8) {
    std::panic::panic_any(Bomb)
}

/// A payload whose drop panics.
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
    assert_eq!(other.0.moves(), [What::Requested, What::Forced, What::Ended], "{report}");
}

/// A wait that panics, of something that runs on.
#[derive(Clone)]
struct PanickingWait(Spy);
impl Teardown for PanickingWait {
    fn request(&mut self, progress: &mut Progress) {
        self.0.request(progress);
    }
    fn wait<'a>(&'a mut self, _: &'a mut Progress) -> Wait<'a> {
        Box::pin(async { panic!("a wait that panics") })
    }
    fn force(&mut self, progress: &mut Progress) {
        self.0.force(progress);
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
    assert_eq!(v.guard.phase(), Phase::Finished);
    drop(v);
    assert_eq!(spy.moves(), [What::Requested, What::Forced]);
}

/// A wait that panics before it returns its future.
struct Eager;
impl Teardown for Eager {
    fn request(&mut self, _: &mut Progress) {}
    fn wait<'a>(&'a mut self, _: &'a mut Progress) -> Wait<'a> {
        panic!("before there is a future")
    }
    fn force(&mut self, _: &mut Progress) {}
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
    assert_eq!(other.0.moves(), [What::Requested, What::Forced, What::Ended], "{report}");
}

/// Polls something kept in its progress until it is dropped, and ends at once when it is waited for again.
struct Reads(Arc<AtomicUsize>);
/// Counts the waits that were dropped.
struct Reading(Arc<AtomicUsize>);
impl Drop for Reading {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
impl Teardown for Reads {
    fn request(&mut self, _progress: &mut Progress) {}
    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        if progress.is_forced() {
            assert_eq!(self.0.load(Ordering::Relaxed), 1, "the first wait is gone");
            return Box::pin(std::future::ready(Outcome::Stopped));
        }
        Box::pin(async move {
            let _reading = Reading(Arc::clone(&self.0));
            let kept: &mut String = progress.keep(|| "kept".to_owned());
            loop {
                tokio::time::sleep(Duration::from_millis(40)).await;
                assert_eq!(kept, "kept");
            }
        })
    }
    fn force(&mut self, _progress: &mut Progress) {}
}
/// A part of a collection whose wait panics when it is dropped.
struct PanicsLate;
impl Teardown for PanicsLate {
    fn request(&mut self, _progress: &mut Progress) {}
    fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async {
            let _bomb = Bomb;
            // The future that was polled last is dropped first.
            loop {
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        })
    }
    fn force(&mut self, _progress: &mut Progress) {}
}
type Part = Box<dyn Teardown + Send>;
#[must_shutdown(timeout = "20s", on_drop = "log")]
struct Parts {
    #[shutdown(timeout = "1s")]
    parts: Vec<Part>,
    #[shutdown]
    slow: JoinHandle<()>,
    guard: ShutdownGuard<Self>,
}
/// The wait of another part, twelve levels down, is polled by the root of the tree. A wait that was forgotten would be polled
/// on, although what it borrows is another's by then.
#[tokio::test(start_paused = true)]
async fn a_drop_that_panics_forgets_no_wait_beside_it() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let mut deep: Part = Box::new(Reads(Arc::clone(&dropped)));
    for _ in 0..12 {
        deep = Box::new(vec![deep]);
    }
    let slow = tokio::spawn(tokio::time::sleep(Duration::from_secs(3)));
    let mut value = Parts { parts: vec![deep, Box::new(PanicsLate)], slow, guard: ShutdownGuard::new() };
    let report = value.shutdown().await.unwrap_err().into_report();
    assert_eq!(dropped.load(Ordering::Relaxed), 1, "{report}");
    let deepest = format!("Parts.parts[0]{}", "[0]".repeat(12));
    assert_eq!(report.find(&deepest).unwrap().outcome().word(), "forced", "{report}");
    assert!(report.find("Parts.slow").unwrap().outcome().is_stopped(), "{report}");
}
