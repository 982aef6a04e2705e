//! A panic stays in its step: in a wait, in the drop of its future, in the drop of its payload.

use std::thread;

use sundown::{Phase, Progress, ShutdownGuard, Teardown, Wait, must_shutdown};
use sundown_tests::{Pinned, Spy, What};

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
