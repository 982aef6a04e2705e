//! Trees of a thousand levels, on a stack of 2 MB, whatever is done to them. Where one overflows, the process ends.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use sundown::{Memo, OnDrop, Outcome, Report, Shared, ShutdownGuard, Teardown, Wait, must_shutdown};
use sundown_tests::GENEROUS;

const LEVELS: usize = 1000;
/// What std and tokio give a thread.
const STACK: usize = 2 << 20;

/// Counts what is done to the leaves. Only one that is `stuck` does not end by itself.
#[derive(Clone, Default)]
struct Leaf {
    counts: Arc<Counts>,
    stuck: bool,
}

#[derive(Default)]
struct Counts {
    asked: AtomicUsize,
    ended: AtomicUsize,
    forced: AtomicUsize,
}

impl Leaf {
    fn assert(&self, asked: usize, ended: usize, forced: usize) {
        let count = |of: &AtomicUsize| of.load(Ordering::Relaxed);
        let counts = &self.counts;
        assert_eq!((count(&counts.asked), count(&counts.ended), count(&counts.forced)), (asked, ended, forced));
    }
}

impl Teardown for Leaf {
    fn request(&mut self, _memo: &mut Memo) {
        self.counts.asked.fetch_add(1, Ordering::Relaxed);
    }

    fn wait<'a>(&'a mut self, _memo: &'a mut Memo) -> Wait<'a> {
        Box::pin(async move {
            if self.stuck {
                std::future::pending::<()>().await;
            }
            self.counts.ended.fetch_add(1, Ordering::Relaxed);
            Outcome::Stopped
        })
    }

    fn force(&mut self, _memo: &mut Memo) {
        self.stuck = false;
        self.counts.forced.fetch_add(1, Ordering::Relaxed);
    }

    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        Some(Box::new(self.clone()))
    }
}

#[must_shutdown(timeout = "1h", on_drop = "log")]
struct Level {
    #[shutdown]
    next: Option<Box<Level>>,
    #[shutdown]
    leaf: Leaf,
    guard: ShutdownGuard<Self>,
}

/// A tree of [`LEVELS`] levels, whose innermost leaf may be stuck.
fn tree(leaf: &Leaf, stuck: bool) -> Level {
    let innermost = Leaf { counts: Arc::clone(&leaf.counts), stuck };
    let mut top = Level { next: None, leaf: innermost, guard: ShutdownGuard::new() };
    for _ in 1..LEVELS {
        top = Level { next: Some(Box::new(top)), leaf: leaf.clone(), guard: ShutdownGuard::new() };
    }
    top
}

/// Runs `f` on such a stack.
fn on_a_stack<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    thread::Builder::new().stack_size(STACK).spawn(f).unwrap().join().unwrap()
}

fn quiet() {
    sundown::set_drop_hook(|dropped| match dropped.policy {
        OnDrop::Wait => OnDrop::Wait,
        _ => OnDrop::Log,
    });
}

fn depth(report: &Report) -> usize {
    let mut steps = report.steps();
    let mut depth = 0;
    while let Some(step) = steps.first() {
        depth += 1;
        steps = step.steps();
    }
    depth
}

#[test]
fn shut_down_by_a_thread() {
    let leaf = Leaf::default();
    let mut tree = tree(&leaf, false);
    let report = on_a_stack(move || tree.shutdown_blocking().unwrap());
    assert_eq!(depth(&report), LEVELS);
    leaf.assert(LEVELS, LEVELS, 0);
}

#[test]
fn shut_down_by_a_task() {
    for runtime in [tokio::runtime::Builder::new_current_thread(), tokio::runtime::Builder::new_multi_thread()] {
        let mut runtime = runtime;
        let runtime = runtime.worker_threads(1).thread_stack_size(STACK).enable_all().build().unwrap();
        let leaf = Leaf::default();
        let mut tree = tree(&leaf, false);
        on_a_stack(move || {
            let report =
                runtime.block_on(async { tokio::spawn(async move { tree.shutdown().await }).await.unwrap().unwrap() });
            assert_eq!(depth(&report), LEVELS);
        });
        leaf.assert(LEVELS, LEVELS, 0);
    }
}

#[test]
fn asked_and_forced_at_once() {
    let leaf = Leaf::default();
    let mut tree = tree(&leaf, true);
    on_a_stack(move || {
        tree.request(&mut Memo::new("tree"));
        tree.force(&mut Memo::new("tree"));
        tree.force(&mut Memo::new("tree"));
    });
    leaf.assert(LEVELS, 0, LEVELS);

    let leaf = Leaf::default();
    let tree = self::tree(&leaf, true);
    on_a_stack(move || {
        let mut tree = tree;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(tree.shutdown_within(Duration::ZERO)).unwrap_err();
    });
}

/// The innermost is late: each level forces the next, and says who it was.
#[test]
fn forced_when_it_is_late() {
    let leaf = Leaf::default();
    let mut tree = tree(&leaf, true);
    let error = on_a_stack(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(tree.shutdown_within(Duration::from_secs(20))).unwrap_err()
    });
    on_a_stack(move || {
        assert!(!error.report().is_clean());
        assert!(!error.to_string().is_empty());
    });
}

#[test]
fn dropped_half_way_and_called_again() {
    let leaf = Leaf::default();
    let mut tree = tree(&leaf, true);
    on_a_stack(move || {
        for _ in 0..3 {
            let mut shutdown = Box::pin(tree.shutdown());
            assert!(shutdown.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        drop(tree);
    });
    // What is left is the reaper's: it takes its time, and nobody waits for it here.
    leaf.assert(LEVELS, LEVELS - 1, 0);
}

#[test]
fn dropped() {
    quiet();
    let leaf = Leaf::default();
    let tree = tree(&leaf, false);
    on_a_stack(move || drop(tree));
    let end = Instant::now() + GENEROUS;
    while leaf.counts.ended.load(Ordering::Relaxed) < LEVELS {
        assert!(Instant::now() < end, "the reaper stops it");
        thread::yield_now();
    }
    leaf.assert(LEVELS, LEVELS, 0);
}

#[test]
fn dropped_unwinding() {
    quiet();
    let leaf = Leaf::default();
    let tree = tree(&leaf, false);
    let panicked = thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || {
            let _tree = tree;
            panic!("with a tree");
        })
        .unwrap()
        .join();
    assert!(panicked.is_err());
}

#[must_shutdown(timeout = "1h", on_drop = "wait")]
struct Patient {
    #[shutdown]
    tree: Level,
    guard: ShutdownGuard<Self>,
}

#[test]
fn dropped_and_waited_for() {
    let leaf = Leaf::default();
    let patient = Patient { tree: tree(&leaf, false), guard: ShutdownGuard::new() };
    on_a_stack(move || drop(patient));
    leaf.assert(LEVELS, LEVELS, 0);
}

#[test]
fn its_report() {
    let leaf = Leaf::default();
    let mut tree = tree(&leaf, true);
    let error = on_a_stack(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(tree.shutdown()).unwrap_err()
    });
    on_a_stack(move || {
        let report = error.report().clone();
        assert_eq!(depth(&report), LEVELS);
        println!("clone");
        assert_eq!(report.to_string().lines().count(), 1 + 2 * LEVELS);
        println!("display");
        assert_eq!(report.walk().count(), 2 * LEVELS);
        assert!(report.unclean().count() > 0);
        assert!(format!("{report:?}").len() > LEVELS);
        println!("debug");
        assert!(serde_json::to_string(&report).unwrap().len() > LEVELS);
        println!("json");
        drop((report, error));
    });
}

/// Levels of every kind, one in the other.
#[derive(sundown::Teardown)]
struct Plain {
    #[shutdown]
    next: Vec<Mixed>,
    #[shutdown]
    leaf: Leaf,
}

#[must_shutdown(timeout = "1h", on_drop = "log")]
struct Mixed {
    #[shutdown]
    next: Option<Box<Plain>>,
    #[shutdown]
    pair: (Leaf, std::collections::BTreeMap<u8, Shared<Option<Box<Mixed>>>>),
    guard: ShutdownGuard<Self>,
}

#[test]
fn of_mixed_levels() {
    let leaf = Leaf::default();
    let mut top = None;
    // Each round is six levels: `Mixed`, `Plain`, `Vec`, `Mixed`, tuple, map.
    for _ in 0..LEVELS / 6 {
        let map = std::collections::BTreeMap::from([(0, Shared::new(top.map(Box::new)))]);
        let inner = Mixed { next: None, pair: (leaf.clone(), map), guard: ShutdownGuard::new() };
        let plain = Plain { next: vec![inner], leaf: leaf.clone() };
        let pair = (leaf.clone(), std::collections::BTreeMap::new());
        top = Some(Mixed { next: Some(Box::new(plain)), pair, guard: ShutdownGuard::new() });
    }
    let mut top = top.unwrap();
    let leaves = LEVELS / 6 * 3;
    on_a_stack(move || {
        {
            let mut shutdown = pin!(top.shutdown());
            let _ = shutdown.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
        let _ = top.shutdown_blocking();
    });
    leaf.assert(leaves, leaves, 0);
}
