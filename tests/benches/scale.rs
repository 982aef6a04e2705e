//! What must not grow faster than linearly: time, or memory, for a number and for four times as many.
//!
//! `cargo xtask bench scale`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sundown::{Process, Reply, RuntimeThread, ShutdownGuard, must_shutdown};
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

fn main() {
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wanted = |name: &str| named.as_ref().is_none_or(|named| name.contains(named.as_str()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let time = |name: &str, counts: [usize; 2], run: &dyn Fn(usize) -> Duration| {
        for count in counts.into_iter().filter(|_| wanted(name)) {
            let mut times: Vec<_> = (0..3).map(|_| run(count)).collect();
            times.sort();
            println!("{name}: {count}: {:.1} ms", times[1].as_secs_f64() * 1e3);
        }
    };
    time("calls of a RuntimeThread that wait together", [10_000, 40_000], &|count| runtime.block_on(calls(count)));
    time("children that stop", [100, 400], &|count| runtime.block_on(children(count)));
    time("finished threads that are joined", [250, 1_000], &threads);
    time("callers that hurry one shutdown", [10_000, 40_000], &|count| runtime.block_on(callers(count)));
    time("owners of one shared value", [5_000, 20_000], &|count| runtime.block_on(owners(count)));
    for count in [1_000, 4_000].into_iter().filter(|_| wanted("callers")) {
        println!("callers that gave up: {count}: {} B each", runtime.block_on(gave_up(count)) / count);
    }
    for depth in [10, 50].into_iter().filter(|_| wanted("levels")) {
        let (kept, took) = runtime.block_on(levels(depth, 10_000));
        println!(
            "levels: 10,000 leaves below {depth} guards: {:.1} MB, {:.0} ms",
            kept as f64 / 1e6,
            took.as_secs_f64() * 1e3
        );
    }
}

async fn calls(count: usize) -> Duration {
    let thread = RuntimeThread::spawn("echo", async |mut inbox, _| {
        while let Some((number, reply)) = inbox.recv().await {
            let reply: Reply<usize> = reply;
            reply.send(number);
        }
    })
    .unwrap();
    let started = Instant::now();
    let mut calls = JoinSet::new();
    for number in 0..count {
        let thread = thread.clone();
        calls.spawn(async move { thread.call(move |reply| (number, reply)).await.unwrap() });
    }
    assert_eq!(calls.join_all().await.len(), count);
    let took = started.elapsed();
    thread.shutdown(None).await.unwrap();
    took
}

#[must_shutdown(timeout = "60s")]
struct Children {
    #[shutdown(timeout = "60s")]
    children: Vec<Process>,
    guard: ShutdownGuard<Self>,
}

async fn children(count: usize) -> Duration {
    let spawn = |_| {
        let mut command = Command::new("sleep");
        command.arg("60");
        Process::spawn("child", command).unwrap()
    };
    let mut children = Children { children: (0..count).map(spawn).collect(), guard: ShutdownGuard::new() };
    let started = Instant::now();
    children.shutdown().await.unwrap();
    started.elapsed()
}

#[must_shutdown]
struct Threads {
    #[shutdown]
    threads: Vec<Option<thread::JoinHandle<()>>>,
    guard: ShutdownGuard<Self>,
}

fn threads(count: usize) -> Duration {
    let handles: Vec<_> = (0..count).map(|_| Some(thread::spawn(|| ()))).collect();
    while !handles.iter().flatten().all(thread::JoinHandle::is_finished) {
        thread::yield_now();
    }
    let mut threads = Threads { threads: handles, guard: ShutdownGuard::new() };
    let started = Instant::now();
    threads.shutdown_blocking().unwrap();
    started.elapsed()
}

#[must_shutdown(shared, timeout = "600s", on_drop = "log")]
struct Held {
    #[shutdown(with = released)]
    it: Semaphore,
    guard: ShutdownGuard<Self>,
}

async fn released(it: &Semaphore) {
    it.acquire().await.unwrap().forget();
}

impl Held {
    fn new() -> Arc<Self> {
        Arc::new(Held { it: Semaphore::new(0), guard: ShutdownGuard::new() })
    }
}

async fn callers(count: usize) -> Duration {
    let held = Held::new();
    let started = Instant::now();
    let mut calls = JoinSet::new();
    for i in 0..count {
        let held = Arc::clone(&held);
        calls.spawn(async move { held.shutdown_within(Duration::from_secs(500 + i as u64)).await.unwrap() });
    }
    tokio::task::yield_now().await;
    held.it.add_permits(1);
    assert_eq!(calls.join_all().await.len(), count);
    started.elapsed()
}

#[must_shutdown(timeout = "600s", on_drop = "log")]
struct Owner {
    #[shutdown]
    held: Arc<Held>,
    guard: ShutdownGuard<Self>,
}

async fn owners(count: usize) -> Duration {
    let held = Held::new();
    let started = Instant::now();
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let mut owner = Owner { held: Arc::clone(&held), guard: ShutdownGuard::new() };
        calls.spawn(async move { owner.shutdown().await.unwrap() });
    }
    tokio::task::yield_now().await;
    held.it.add_permits(1);
    assert_eq!(calls.join_all().await.len(), count);
    started.elapsed()
}

#[must_shutdown(shared, timeout = "60s", on_drop = "log")]
struct Stuck {
    #[shutdown(with = pending_one)]
    it: u8,
    guard: ShutdownGuard<Self>,
}

async fn pending_one(_: &u8) {
    pending::<()>().await;
}

/// Callers of a shared shutdown that runs, each of which is dropped.
async fn gave_up(count: usize) -> usize {
    let stuck = Arc::new(Stuck { it: 0, guard: ShutdownGuard::new() });
    let first = tokio::spawn({
        let stuck = Arc::clone(&stuck);
        async move { drop(stuck.shutdown().await) }
    });
    tokio::task::yield_now().await;
    let before = ALLOCATED.load(Ordering::Relaxed);
    for _ in 0..count {
        let stuck = Arc::clone(&stuck);
        let caller = tokio::spawn(async move { drop(stuck.shutdown().await) });
        tokio::task::yield_now().await;
        caller.abort();
        let _ = caller.await;
    }
    let kept = ALLOCATED.load(Ordering::Relaxed).saturating_sub(before);
    first.abort();
    let _ = first.await;
    stuck.guard.dismiss();
    kept
}

#[must_shutdown(timeout = "60s")]
struct Level {
    #[shutdown]
    inner: Option<Box<Level>>,
    #[shutdown]
    leaves: Vec<CancellationToken>,
    guard: ShutdownGuard<Self>,
}

/// What a shutdown leaves allocated: the report, and what each level keeps of it.
async fn levels(depth: usize, leaves: usize) -> (usize, Duration) {
    let leaves = (0..leaves).map(|_| CancellationToken::new()).collect();
    let mut level = Level { inner: None, leaves, guard: ShutdownGuard::new() };
    for _ in 1..depth {
        level = Level { inner: Some(Box::new(level)), leaves: Vec::new(), guard: ShutdownGuard::new() };
    }
    let before = ALLOCATED.load(Ordering::Relaxed);
    let started = Instant::now();
    let report = level.shutdown().await.unwrap();
    let took = started.elapsed();
    let kept = ALLOCATED.load(Ordering::Relaxed) - before;
    drop(report);
    (kept, took)
}

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[allow(unsafe_code, reason = "an allocator that counts")]
// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}
