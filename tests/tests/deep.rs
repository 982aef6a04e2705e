//! Trees of a thousand levels, on a stack of 2 MB, whatever is done to them. Where one overflows, the process ends.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use sundown::{OnDrop, Outcome, Progress, Report, Shared, ShutdownGuard, Teardown, Wait, must_shutdown};
use sundown_tests::{GENEROUS, is_sanitized};

const LEVELS: usize = 1000;

/// What std and tokio give a thread; under a sanitizer, whose frames are larger, a multiple.
fn stack() -> usize {
    let usual = if cfg!(windows) { 4 << 20 } else { 2 << 20 };
    if is_sanitized() { 8 * usual } else { usual }
}

/// Counts what is done to the leaves. Only one that is `stuck` does not end by itself.
#[derive(Clone, Default)]
struct Leaf {
    counts: Arc<Counts>,
    stuck: bool,
    /// Whether a poll takes a while.
    slow: bool,
}

#[derive(Default)]
struct Counts {
    requested: AtomicUsize,
    ended: AtomicUsize,
    forced: AtomicUsize,
}

impl Leaf {
    fn assert(&self, requested: usize, ended: usize, forced: usize) {
        let count = |of: &AtomicUsize| of.load(Ordering::Relaxed);
        let counts = &self.counts;
        assert_eq!((count(&counts.requested), count(&counts.ended), count(&counts.forced)), (requested, ended, forced));
    }
}

impl Teardown for Leaf {
    fn request(&mut self, _progress: &mut Progress) {
        self.counts.requested.fetch_add(1, Ordering::Relaxed);
    }

    fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            if self.slow {
                thread::sleep(Duration::from_millis(3));
            }
            if self.stuck {
                std::future::pending::<()>().await;
            }
            self.counts.ended.fetch_add(1, Ordering::Relaxed);
            Outcome::Stopped
        })
    }

    fn force(&mut self, _progress: &mut Progress) {
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
    let innermost = Leaf { stuck, ..leaf.clone() };
    let mut top = Level { next: None, leaf: innermost, guard: ShutdownGuard::new() };
    for _ in 1..LEVELS {
        top = Level { next: Some(Box::new(top)), leaf: leaf.clone(), guard: ShutdownGuard::new() };
    }
    top
}

/// Runs `f` on such a stack.
fn on_a_stack<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    thread::Builder::new().stack_size(stack()).spawn(f).unwrap().join().unwrap()
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
        let runtime = runtime.worker_threads(1).thread_stack_size(stack()).enable_all().build().unwrap();
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
        tree.request(&mut Progress::new("tree"));
        tree.force(&mut Progress::new("tree"));
        tree.force(&mut Progress::new("tree"));
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

/// Each level takes its time when it is polled, so the time is over half-way down: each level above gives up, and says who
/// it was.
#[test]
fn given_up_half_way_down() {
    let leaf = Leaf { slow: true, ..Leaf::default() };
    let mut tree = tree(&leaf, true);
    let error = on_a_stack(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let error = runtime.block_on(tree.shutdown_within(Duration::ZERO)).unwrap_err();
        drop(tree);
        error
    });
    assert!(error.to_string().contains("still running after it was forced"));
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
        .stack_size(stack())
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
        let svg = report.to_svg();
        assert!(svg.len() < 2 * LEVELS * 1_000, "its paths are cut: {}", svg.len());
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

/// The next level.
type Below = Shared<Option<Box<Mixed>>>;

#[must_shutdown(timeout = "1h", on_drop = "log")]
struct Mixed {
    #[shutdown]
    next: Option<Box<Plain>>,
    #[shutdown]
    pair: (Leaf, std::collections::BTreeMap<u8, Below>),
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

/// What is at the innermost of a chain of `Link`s, which are deeper than what is polled one inside the other.
const DEEP: usize = 30;

#[must_shutdown(timeout = "1h", on_drop = "log")]
struct Link<T: Teardown + Send + 'static> {
    #[shutdown]
    next: Next<T>,
    #[shutdown(after = next)]
    leaf: Leaf,
    guard: ShutdownGuard<Self>,
}

/// A `Teardown` of a user's, which knows nothing of nests.
enum Next<T: Teardown + Send + 'static> {
    Link(Box<Link<T>>),
    Innermost(T),
}

impl<T: Teardown + Send + 'static> Teardown for Next<T> {
    fn request(&mut self, progress: &mut Progress) {
        match self {
            Next::Link(link) => link.request(progress),
            Next::Innermost(it) => it.request(progress),
        }
    }
    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            match self {
                Next::Link(link) => link.wait(progress).await,
                Next::Innermost(it) => it.wait(progress).await,
            }
        })
    }
    fn force(&mut self, progress: &mut Progress) {
        match self {
            Next::Link(link) => link.force(progress),
            Next::Innermost(it) => it.force(progress),
        }
    }
}

fn links<T: Teardown + Send + 'static>(it: T, leaf: &Leaf) -> Link<T> {
    let new = |next| Link { next, leaf: leaf.clone(), guard: ShutdownGuard::new() };
    let mut top = new(Next::Innermost(it));
    for _ in 1..DEEP {
        top = new(Next::Link(Box::new(top)));
    }
    top
}

#[test]
fn within_what_is_a_users() {
    let leaf = Leaf::default();
    let mut links = links(leaf.clone(), &leaf);
    // Each of a user's has a root of its own, so this is as deep as it was.
    thread::Builder::new()
        .stack_size(8 * stack())
        .spawn(move || links.shutdown_blocking().unwrap())
        .unwrap()
        .join()
        .unwrap();
    leaf.assert(DEEP + 1, DEEP + 1, 0);
}

/// A chain of values without a guard, and so without a runtime of their own.
#[derive(sundown::Teardown)]
struct Unguarded<T: Teardown + Send + 'static> {
    #[shutdown]
    next: Vec<Unguarded<T>>,
    #[shutdown]
    it: Option<T>,
    #[shutdown]
    leaf: Leaf,
}

fn unguarded<T: Teardown + Send + 'static>(it: T, leaf: &Leaf) -> Unguarded<T> {
    let mut top = Unguarded { next: Vec::new(), it: Some(it), leaf: leaf.clone() };
    for _ in 1..DEEP {
        top = Unguarded { next: vec![top], it: None, leaf: leaf.clone() };
    }
    top
}

#[must_shutdown(timeout = "1h", on_drop = "log")]
struct Top<T: Teardown + Send + 'static> {
    #[shutdown]
    it: T,
    guard: ShutdownGuard<Self>,
}

struct Timed;

impl Teardown for Timed {
    fn request(&mut self, _progress: &mut Progress) {}
    fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            // Both need a runtime around them.
            tokio::time::sleep(Duration::from_millis(1)).await;
            Outcome::from_result(tokio::spawn(async {}).await)
        })
    }
    fn force(&mut self, _progress: &mut Progress) {}
}

/// The runtime of the outermost is around the innermost too, wherever it is polled.
#[test]
fn the_runtime_reaches_the_innermost() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let leaf = Leaf::default();
    let inside = runtime.enter();
    let mut top = Top { it: unguarded(Timed, &leaf), guard: ShutdownGuard::new() };
    drop(inside);
    // Outside of the runtime, under a driver and an executor that are not tokio's.
    let report = top.shutdown_blocking().unwrap();
    assert!(report.is_clean());

    let inside = runtime.enter();
    let mut top = Top { it: unguarded(Timed, &leaf), guard: ShutdownGuard::new() };
    drop(inside);
    assert!(futures_executor::block_on(top.shutdown()).unwrap().is_clean());
    leaf.assert(2 * DEEP, 2 * DEEP, 0);
}

struct Panics;

impl Teardown for Panics {
    fn request(&mut self, _progress: &mut Progress) {}
    fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async { panic!("deep within") })
    }
    fn force(&mut self, _progress: &mut Progress) {}
}

#[test]
fn a_panic_deep_within_stays_there() {
    let leaf = Leaf::default();
    let mut top = Top { it: unguarded(Panics, &leaf), guard: ShutdownGuard::new() };
    let error = top.shutdown_blocking().unwrap_err();
    assert!(error.to_string().contains("deep within"), "{error}");
    leaf.assert(DEEP, DEEP, 0);
}

/// One that is late deep within is forced at the deadline of its own value, and the others have ended long before.
#[tokio::test(start_paused = true)]
async fn a_deadline_deep_within() {
    #[must_shutdown(timeout = "300ms", on_drop = "log")]
    struct Late {
        #[shutdown]
        leaf: Leaf,
        guard: ShutdownGuard<Self>,
    }
    let leaf = Leaf::default();
    let stuck = Leaf { stuck: true, ..leaf.clone() };
    let late = Late { leaf: stuck, guard: ShutdownGuard::new() };
    let mut top = Top { it: unguarded(late, &leaf), guard: ShutdownGuard::new() };
    let report = top.shutdown().await.unwrap_err().into_report();
    assert!(report.took() < Duration::from_millis(310), "{:?}", report.took());
    let late = report.walk().find(|step| step.name().ends_with(".it.leaf")).unwrap();
    assert_eq!(late.outcome().to_string(), "forced");
    leaf.assert(DEEP + 1, DEEP + 1, 1);
}

/// Many at each level, some of which are polled by the root.
#[tokio::test(flavor = "multi_thread")]
async fn wide_and_deep() {
    fn tree(levels: usize, leaf: &Leaf) -> Unguarded<Leaf> {
        let next = if levels == 1 { Vec::new() } else { (0..2).map(|_| tree(levels - 1, leaf)).collect() };
        Unguarded { next, it: Some(leaf.clone()), leaf: leaf.clone() }
    }
    let leaf = Leaf::default();
    let mut top = Top { it: tree(11, &leaf), guard: ShutdownGuard::new() };
    assert!(tokio::spawn(async move { top.shutdown().await.unwrap().is_clean() }).await.unwrap());
    let leaves = 2 * ((1 << 11) - 1);
    leaf.assert(leaves, leaves, 0);
}
