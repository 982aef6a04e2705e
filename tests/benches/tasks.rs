//! `Tasks` beside `TaskTracker` with a `CancellationToken`, and beside tokio-graceful-shutdown, in one process.
//!
//! A `TaskTracker` counts. `Tasks` also knows which tasks run, by name and place, and can abort them. So it is compared with
//! the least that does this by hand, too: a tracker, and a slab of names and abort handles behind a lock.
//!
//! The two take turns, so that what else the machine does meets both: the ratio is the median of the rounds' ratios.
//! `cargo bench -p sundown-tests --bench tasks`; with `-- --strict` it fails when a target is missed.

use std::alloc::{GlobalAlloc, Layout, System};
use std::borrow::Cow;
use std::panic::Location;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use slab::Slab;
use sundown::{Progress, Tasks, Teardown, registry};
use tokio::runtime::{Builder, Runtime};
use tokio::task::AbortHandle;
use tokio_graceful_shutdown::{SubsystemBuilder, SubsystemHandle, Toplevel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const TASKS: usize = 100_000;
const SUBSYSTEMS: usize = 1_000;
const ROUNDS: usize = 21;

fn main() -> ExitCode {
    let mut missed = false;
    let mut target = |what: &str, unit: Unit, Measured { peer, ours, ratio }: Measured, ratio_at_most: f64| {
        let verdict = if ratio <= ratio_at_most { "ok" } else { "MISSED" };
        missed |= ratio > ratio_at_most;
        let (peer, ours) = (unit.show(peer), unit.show(ours));
        println!("{what:58} {peer:>12} {ours:>12} {ratio:6.2}x (at most {ratio_at_most:.2}x) {verdict}");
    };
    println!("{:58} {:>12} {:>12} {:>7}", "", "peer", "ours", "ratio");

    for (name, make) in [("current thread", current_thread as fn() -> Runtime), ("two workers", two_workers)] {
        let runtime = make();
        let measured = alternate(|| spawn_tracker(make()), || spawn_tasks(make()));
        target(&format!("spawn, a task, {name}"), Unit::PerTask, measured, 1.25);
        let measured = alternate(|| spawn_by_hand(make()), || spawn_tasks(make()));
        target(&format!("spawn, a task, by hand, {name}"), Unit::PerTask, measured, 1.0);
        let measured = alternate(|| turn_over_tracker(&runtime), || turn_over_tasks(&runtime));
        target(&format!("spawn and run to the end, a task, {name}"), Unit::PerTask, measured, 1.25);
        let measured = alternate(|| turn_over_by_hand(&runtime), || turn_over_tasks(&runtime));
        target(&format!("spawn and run to the end, by hand, {name}"), Unit::PerTask, measured, 1.0);
        let measured = alternate(|| one_token_tracker(&runtime), || one_token_tasks(&runtime));
        target(&format!("shutdown of {TASKS} on one token, {name}"), Unit::Whole, measured, 1.15);
        let measured = alternate(|| one_token_by_hand(&runtime), || one_token_tasks(&runtime));
        target(&format!("shutdown of {TASKS} on one token, by hand, {name}"), Unit::Whole, measured, 1.0);
        let measured = alternate(|| own_token_tracker(&runtime), || own_token_tasks(&runtime));
        target(&format!("shutdown of {TASKS}, each its own token, {name}"), Unit::Whole, measured, 1.15);
        let measured = alternate(|| subsystems(&runtime), || named_tasks(&runtime));
        target(&format!("shutdown of {SUBSYSTEMS} subsystems, {name}"), Unit::Whole, measured, 1.0 / 3.0);
    }

    COUNTING.store(true, Ordering::Relaxed);
    let runtime = current_thread();
    let (peer, ours) = (runtime.block_on(memory_tracker()), runtime.block_on(memory_tasks()));
    let more = ours as f64 - peer as f64;
    let verdict = if more <= 96.0 { "ok" } else { "MISSED" };
    missed |= more > 96.0;
    let (peer, ours) = (format!("{peer} B"), format!("{ours} B"));
    println!("{:58} {peer:>12} {ours:>12} {more:+6.0} B (at most +96 B) {verdict}", "memory, a parked task");

    if missed && std::env::args().any(|arg| arg == "--strict") { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Runs `future` as a task of the runtime: on a worker, where services spawn from.
fn run<T: Send + 'static>(runtime: &Runtime, future: impl Future<Output = T> + Send + 'static) -> T {
    runtime.block_on(async { tokio::spawn(future).await.unwrap() })
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn two_workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The medians over the rounds.
struct Measured {
    peer: Duration,
    ours: Duration,
    ratio: f64,
}

fn alternate(mut peer: impl FnMut() -> Duration, mut ours: impl FnMut() -> Duration) -> Measured {
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        // The second finds a warm allocator, so they take turns in that too.
        if round % 2 == 0 {
            let peer = peer();
            rounds.push((peer, ours()));
        } else {
            let ours = ours();
            rounds.push((peer(), ours));
        }
    }
    Measured {
        peer: median(rounds.iter().map(|round| round.0)),
        ours: median(rounds.iter().map(|round| round.1)),
        ratio: median(rounds.iter().map(|(peer, ours)| ours.as_secs_f64() / peer.as_secs_f64())),
    }
}

fn median<T: PartialOrd + Copy>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort_by(|a, b| a.partial_cmp(b).expect("times are numbers"));
    values[values.len() / 2]
}

#[derive(Clone, Copy)]
enum Unit {
    PerTask,
    Whole,
}

impl Unit {
    fn show(self, time: Duration) -> String {
        match self {
            Unit::PerTask => format!("{:.1} ns", time.as_nanos() as f64 / TASKS as f64),
            Unit::Whole => format!("{:.2} ms", time.as_secs_f64() * 1e3),
        }
    }
}

/// What somebody would write who wants to name the tasks that are late, and to abort them.
#[derive(Clone, Default)]
struct ByHand {
    tracker: TaskTracker,
    running: Arc<Mutex<Slab<Running>>>,
}

type Running = (Cow<'static, str>, &'static Location<'static>, Option<AbortHandle>);

/// Dropped with the task.
struct Leaves(ByHand, usize);

impl ByHand {
    #[track_caller]
    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, name: impl Into<Cow<'static, str>>, future: F) {
        let key = self.running.lock().unwrap().insert((name.into(), Location::caller(), None));
        let leaves = Leaves(self.clone(), key);
        let task = self.tracker.spawn(async move {
            let _leaves = leaves;
            future.await;
        });
        if let Some(running) = self.running.lock().unwrap().get_mut(key) {
            running.2 = Some(task.abort_handle());
        }
    }
}

impl Drop for Leaves {
    fn drop(&mut self) {
        let _running = self.0.running.lock().unwrap().remove(self.1);
    }
}

/// The tasks end with their runtime.
fn spawn_tracker(runtime: Runtime) -> Duration {
    run(&runtime, async {
        let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
        let start = Instant::now();
        for _ in 0..TASKS {
            tracker.spawn(token.clone().cancelled_owned());
        }
        start.elapsed()
    })
}

fn spawn_tasks(runtime: Runtime) -> Duration {
    run(&runtime, async {
        let (tasks, token) = (Tasks::new(), CancellationToken::new());
        let start = Instant::now();
        for _ in 0..TASKS {
            tasks.spawn("parked", token.clone().cancelled_owned()).unwrap();
        }
        start.elapsed()
    })
}

fn spawn_by_hand(runtime: Runtime) -> Duration {
    run(&runtime, async {
        let (tasks, token) = (ByHand::default(), CancellationToken::new());
        let start = Instant::now();
        for _ in 0..TASKS {
            tasks.spawn("parked", token.clone().cancelled_owned());
        }
        start.elapsed()
    })
}

fn turn_over_tracker(runtime: &Runtime) -> Duration {
    run(runtime, async {
        let tracker = TaskTracker::new();
        let start = Instant::now();
        for _ in 0..TASKS {
            tracker.spawn(async {});
        }
        tracker.close();
        tracker.wait().await;
        start.elapsed()
    })
}

fn turn_over_by_hand(runtime: &Runtime) -> Duration {
    run(runtime, async {
        let tasks = ByHand::default();
        let start = Instant::now();
        for _ in 0..TASKS {
            tasks.spawn("short", async {});
        }
        tasks.tracker.close();
        tasks.tracker.wait().await;
        start.elapsed()
    })
}

fn turn_over_tasks(runtime: &Runtime) -> Duration {
    run(runtime, async {
        let tasks = Tasks::new();
        let start = Instant::now();
        for _ in 0..TASKS {
            tasks.spawn("short", async {}).unwrap();
        }
        tasks.close();
        tasks.wait().await;
        start.elapsed()
    })
}

/// Ready when all that were spawned have run and are parked.
struct Parked(AtomicUsize);

impl Parked {
    fn new() -> &'static Self {
        Box::leak(Box::new(Parked(AtomicUsize::new(0))))
    }

    async fn park(&self, token: CancellationToken) {
        self.0.fetch_add(1, Ordering::Relaxed);
        token.cancelled().await;
    }

    async fn all(&self, count: usize) {
        while self.0.load(Ordering::Relaxed) < count {
            tokio::task::yield_now().await;
        }
    }
}

fn one_token_tracker(runtime: &Runtime) -> Duration {
    shutdown_tracker(runtime, CancellationToken::clone)
}

fn own_token_tracker(runtime: &Runtime) -> Duration {
    shutdown_tracker(runtime, CancellationToken::child_token)
}

fn shutdown_tracker(runtime: &Runtime, own: fn(&CancellationToken) -> CancellationToken) -> Duration {
    run(runtime, async move {
        let (tracker, token, parked) = (TaskTracker::new(), CancellationToken::new(), Parked::new());
        for _ in 0..TASKS {
            tracker.spawn(parked.park(own(&token)));
        }
        parked.all(TASKS).await;
        let start = Instant::now();
        token.cancel();
        tracker.close();
        tracker.wait().await;
        start.elapsed()
    })
}

fn one_token_by_hand(runtime: &Runtime) -> Duration {
    run(runtime, async move {
        let (tasks, token, parked) = (ByHand::default(), CancellationToken::new(), Parked::new());
        for _ in 0..TASKS {
            tasks.spawn("parked", parked.park(token.clone()));
        }
        parked.all(TASKS).await;
        let start = Instant::now();
        token.cancel();
        tasks.tracker.close();
        tasks.tracker.wait().await;
        start.elapsed()
    })
}

fn one_token_tasks(runtime: &Runtime) -> Duration {
    let tasks = Tasks::new();
    let token = tasks.token();
    shutdown_tasks(runtime, tasks, move |_| token.clone())
}

fn own_token_tasks(runtime: &Runtime) -> Duration {
    shutdown_tasks(runtime, Tasks::new(), Tasks::token)
}

fn shutdown_tasks(
    runtime: &Runtime,
    tasks: Tasks,
    own: impl Fn(&Tasks) -> CancellationToken + Send + 'static,
) -> Duration {
    run(runtime, async move {
        let parked = Parked::new();
        for _ in 0..TASKS {
            tasks.spawn("parked", parked.park(own(&tasks))).unwrap();
        }
        parked.all(TASKS).await;
        let (mut handle, mut progress) = (&tasks, Progress::new("tasks"));
        let start = Instant::now();
        handle.request(&mut progress);
        assert!(Teardown::wait(&mut handle, &mut progress).await.is_stopped());
        start.elapsed()
    })
}

/// From the request to the return of `handle_shutdown_requests`.
fn subsystems(runtime: &Runtime) -> Duration {
    async fn parked(parked: &Parked, subsystem: &mut SubsystemHandle) -> Result<(), std::io::Error> {
        parked.0.fetch_add(1, Ordering::Relaxed);
        subsystem.on_shutdown_requested().await;
        Ok(())
    }
    run(runtime, async {
        let (stop, count) = (CancellationToken::new(), Parked::new());
        let start_all = async move |toplevel: &mut SubsystemHandle| {
            for i in 0..SUBSYSTEMS {
                let subsystem = async move |handle: &mut SubsystemHandle| parked(count, handle).await;
                toplevel.start(SubsystemBuilder::new(format!("subsystem-{i}"), subsystem));
            }
            toplevel.on_shutdown_requested().await;
        };
        let toplevel = Toplevel::new_with_shutdown_token(start_all, stop.clone());
        let shutdown = tokio::spawn(async move {
            toplevel.handle_shutdown_requests(Duration::from_secs(30)).await.unwrap();
        });
        count.all(SUBSYSTEMS).await;
        let start = Instant::now();
        stop.cancel();
        shutdown.await.unwrap();
        start.elapsed()
    })
}

/// The whole of it: the registry finds the group, the driver runs its plan, the report is made.
fn named_tasks(runtime: &Runtime) -> Duration {
    run(runtime, async {
        let (tasks, parked) = (Tasks::new(), Parked::new());
        for i in 0..SUBSYSTEMS {
            tasks.spawn(format!("task-{i}"), parked.park(tasks.token())).unwrap();
        }
        parked.all(SUBSYSTEMS).await;
        let start = Instant::now();
        let report = registry::shutdown_all(Duration::from_secs(30)).await.unwrap();
        assert_eq!(report.steps().len(), 1);
        start.elapsed()
    })
}

async fn memory_tracker() -> isize {
    let (tracker, token, parked) = (TaskTracker::new(), CancellationToken::new(), Parked::new());
    let before = LIVE.load(Ordering::Relaxed);
    for _ in 0..TASKS {
        tracker.spawn(parked.park(token.clone()));
    }
    let live = LIVE.load(Ordering::Relaxed) - before;
    token.cancel();
    tracker.close();
    tracker.wait().await;
    live / TASKS as isize
}

async fn memory_tasks() -> isize {
    let (tasks, token, parked) = (Tasks::new(), CancellationToken::new(), Parked::new());
    let before = LIVE.load(Ordering::Relaxed);
    for _ in 0..TASKS {
        tasks.spawn("parked", parked.park(token.clone())).unwrap();
    }
    let live = LIVE.load(Ordering::Relaxed) - before;
    token.cancel();
    tasks.close();
    tasks.wait().await;
    live / TASKS as isize
}

/// The bytes that were allocated since counting began. The other measurements do without the counting.
static LIVE: AtomicIsize = AtomicIsize::new(0);
static COUNTING: AtomicBool = AtomicBool::new(false);

fn count(bytes: isize) {
    if COUNTING.load(Ordering::Relaxed) {
        LIVE.fetch_add(bytes, Ordering::Relaxed);
    }
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[allow(unsafe_code, reason = "an allocator that counts")]
// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }
}
