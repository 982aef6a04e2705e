//! What the reaper finishes: nested limits, slow drops, what a leaked shutdown left.
//!
//! The reaper is the process's, and one test blocks it on purpose, so the tests run one at a time.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use sundown::{Outcome, Progress, ShutdownGuard, Teardown, Wait, must_shutdown};
use sundown_tests::{GENEROUS, Spy, What, forget, is_pending};

static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A drop that waits, on the reaper thread.
#[must_shutdown(timeout = "60s", on_drop = "wait")]
struct Waits {
    #[shutdown]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}
struct Holder(Option<Waits>);
impl Teardown for Holder {
    fn request(&mut self, _: &mut Progress) {}
    fn wait<'a>(&'a mut self, _: &'a mut Progress) -> Wait<'a> {
        Box::pin(async { Outcome::Stopped })
    }
    fn force(&mut self, _: &mut Progress) {}
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
    let _alone = ALONE.blocking_lock();
    let stuck = Spy::new();
    let quick = Spy::new();
    drop(Held {
        holder: Holder(Some(Waits { spy: stuck.clone(), guard: ShutdownGuard::new() })),
        guard: ShutdownGuard::new(),
    });
    let _ = stuck.thread_of(What::Requested);
    let start = Instant::now();
    drop(Quick { spy: quick.clone(), guard: ShutdownGuard::new() });
    let _ = quick.thread_of(What::Forced);
    let took = start.elapsed();
    stuck.release();
    assert!(took < GENEROUS / 2, "its 300 ms became {took:?}");
}

/// A nested limit in the reaper.
#[derive(Teardown)]
#[teardown(timeout = "200ms")]
struct Short {
    #[shutdown]
    spy: Spy,
}
#[must_shutdown(timeout = "60s", on_drop = "log")]
struct Long {
    #[shutdown]
    short: Short,
    guard: ShutdownGuard<Self>,
}
#[test]
fn a_nested_timeout_counts_in_the_reaper() {
    let _alone = ALONE.blocking_lock();
    let spy = Spy::new();
    let start = Instant::now();
    drop(Long { short: Short { spy: spy.clone() }, guard: ShutdownGuard::new() });
    let _ = spy.thread_of(What::Forced);
    let took = start.elapsed();
    assert!(took < GENEROUS / 2, "its 200 ms became {took:?}");
}

/// A shutdown future that was leaked.
#[tokio::test]
async fn a_drop_after_a_leaked_shutdown_still_asks_and_forces() {
    let _alone = ALONE.lock().await;
    let spy = Spy::new();
    let mut v = Quick { spy: spy.clone(), guard: ShutdownGuard::new() };
    let mut leaked = Box::pin(v.shutdown());
    assert!(is_pending(&mut leaked).await);
    forget(leaked);
    drop(v);
    let _ = spy.thread_of(What::Forced); // or it panics: nobody finishes it
}

/// The alarms of async callers outside a runtime, behind a job that blocks.
#[derive(Clone)]
struct Blocks(mpsc::Sender<()>, Arc<Mutex<mpsc::Receiver<()>>>);
impl Teardown for Blocks {
    fn request(&mut self, _: &mut Progress) {}
    fn wait<'a>(&'a mut self, _: &'a mut Progress) -> Wait<'a> {
        Box::pin(async { Outcome::Stopped })
    }
    fn force(&mut self, _: &mut Progress) {}
    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        Some(Box::new(SlowDrop(self.0.clone(), Arc::clone(&self.1))))
    }
}
struct SlowDrop(mpsc::Sender<()>, Arc<Mutex<mpsc::Receiver<()>>>);
impl Teardown for SlowDrop {
    fn request(&mut self, _: &mut Progress) {}
    fn wait<'a>(&'a mut self, _: &'a mut Progress) -> Wait<'a> {
        Box::pin(async { Outcome::Stopped })
    }
    fn force(&mut self, _: &mut Progress) {}
}
impl Drop for SlowDrop {
    fn drop(&mut self) {
        let _ = self.0.send(());
        let _ = self.1.lock().unwrap().recv_timeout(GENEROUS); // a database that writes its log
    }
}
#[must_shutdown(timeout = "300ms", on_drop = "log")]
struct Blocking {
    #[shutdown]
    a: Blocks,
    guard: ShutdownGuard<Self>,
}
#[test]
fn a_slow_drop_on_the_reaper_does_not_delay_other_callers_deadlines() {
    let _alone = ALONE.blocking_lock();
    let ((send, begun), (written, log)) = (mpsc::channel(), mpsc::channel::<()>());
    drop(Blocking { a: Blocks(send, Arc::new(Mutex::new(log))), guard: ShutdownGuard::new() });
    begun.recv().unwrap();
    let start = Instant::now();
    let mut v = Quick { spy: Spy::new(), guard: ShutdownGuard::new() };
    let _ = futures_executor::block_on(v.shutdown());
    let took = start.elapsed();
    drop(written);
    assert!(took < GENEROUS / 2, "300 ms became {took:?}");
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a hostile drop");
    }
}

impl Teardown for Bomb {
    fn request(&mut self, _: &mut Progress) {}
    fn wait<'a>(&'a mut self, _: &'a mut Progress) -> Wait<'a> {
        Box::pin(async { Outcome::Stopped })
    }
    fn force(&mut self, _: &mut Progress) {}
}

#[must_shutdown(timeout = "60s", on_drop = "log")]
struct Bombs {
    #[shutdown]
    one: Option<Bomb>,
    #[shutdown]
    other: Option<Bomb>,
    guard: ShutdownGuard<Self>,
}

/// Two at once would abort the process. And the value counts as ended, though its drop panicked.
#[test]
fn resources_that_panic_in_their_drop() {
    let _alone = ALONE.blocking_lock();
    drop(Bombs { one: Some(Bomb), other: Some(Bomb), guard: ShutdownGuard::new() });
    let start = Instant::now();
    let _ = sundown::registry::shutdown_all_blocking(GENEROUS);
    assert!(start.elapsed() < GENEROUS / 2, "it waited for a value that was gone: {:?}", start.elapsed());
}
