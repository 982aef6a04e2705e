//! From the end of a value's last resource to the return of the call that waits for it, beside the bare join of the same
//! thing in the same run.
//!
//! `cargo xtask bench latency`. A driver that looked at intervals would show as half an interval in the median and a whole
//! one in the 99th percentile. The resource ends some time after its caller has gone to sleep, which is different in
//! every round, so that no interval could hide.

use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use sundown::{ShutdownGuard, Tasks, must_shutdown};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const ROUNDS: u32 = 2_000;

#[must_shutdown]
struct OneTask {
    #[shutdown]
    task: JoinHandle<()>,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown]
struct ManyTasks {
    #[shutdown]
    tasks: Tasks,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown]
struct OneThread {
    #[shutdown]
    thread: Option<thread::JoinHandle<()>>,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown]
struct OwnThread {
    #[shutdown]
    thread: sundown::Thread,
    guard: ShutdownGuard<Self>,
}

fn main() {
    println!("us from the end of the last resource to the caller's return; {ROUNDS} rounds");
    println!("{:52} {:>8} {:>8} {:>8}", "", "median", "p99", "max");
    for (name, runtime) in [("current thread", current_thread()), ("two workers", two_workers())] {
        measure(&[
            (&format!("async, {name}: bare `JoinHandle.await`"), &|end| bare_task(&runtime, end)),
            (&format!("async, {name}: a `JoinHandle`"), &|end| one_task(&runtime, end)),
            (&format!("async, {name}: `Tasks`"), &|end| many_tasks(&runtime, end)),
        ]);
    }
    let runtime = two_workers();
    measure(&[
        ("blocking: bare `thread::join`", &|end| bare_thread(end)),
        ("blocking: a `std::thread::JoinHandle`", &|end| one_thread(end)),
        ("blocking: `Thread`", &|end| own_thread(end)),
    ]);
    measure(&[
        ("blocking: bare `block_on` of a tokio `JoinHandle`", &|end| bare_task(&runtime, end)),
        ("blocking: a tokio `JoinHandle`", &|end| one_task_blocking(&runtime, end)),
        ("blocking: `Tasks`", &|end| many_tasks_blocking(&runtime, end)),
    ]);
}

/// A round: waits for a resource that ends with [`End::now`], and returns when the wait has returned.
type Round<'a> = &'a dyn Fn(End) -> Instant;

/// Runs the variants in turns and prints a line for each, with the ratio of its median to the first's.
fn measure(variants: &[(&str, Round<'_>)]) {
    let mut times = vec![Vec::new(); variants.len()];
    for round in 0..ROUNDS {
        for ((_, variant), times) in variants.iter().zip(&mut times) {
            // 100 to 300 us, by a step that is prime to the range, so that the times are spread evenly.
            let at = Arc::new(OnceLock::new());
            let end = End { after: Duration::from_micros(100 + u64::from(round * 73 % 200)), at: Arc::clone(&at) };
            let returned = variant(end);
            times.push(returned.saturating_duration_since(*at.get().expect("the resource has ended")));
        }
    }
    let mut floor = None;
    for ((name, _), times) in variants.iter().zip(&mut times) {
        times.sort();
        let us = |time: Duration| time.as_secs_f64() * 1e6;
        let [median, p99, max] = [times.len() / 2, times.len() * 99 / 100, times.len() - 1].map(|i| us(times[i]));
        let floor = *floor.get_or_insert(median);
        println!("{name:52} {median:8.1} {p99:8.1} {max:8.1}  {:5.2}x", median / floor);
    }
}

/// How a resource of this bench ends: some time after it was asked to, or made.
struct End {
    after: Duration,
    at: Arc<OnceLock<Instant>>,
}

impl End {
    /// The very last thing that a resource does.
    fn now(&self) {
        self.at.set(Instant::now()).expect("a resource ends once");
    }

    /// A task's work. The timer's grain does not matter: the end is when it is.
    async fn task(self) {
        let (tell, told) = tokio::sync::oneshot::channel();
        // From outside, so that the runtime's thread sleeps meanwhile as it would for a socket.
        CLOCK.with(|clock| clock.send((self.after, tell)).expect("the clock's thread lives"));
        told.await.expect("the clock tells everybody");
        self.now();
    }

    /// A thread's work.
    fn thread(&self) {
        thread::sleep(self.after);
        self.now();
    }
}

type Call = (Duration, tokio::sync::oneshot::Sender<()>);

thread_local! {
    static CLOCK: mpsc::Sender<Call> = {
        let (calls, called) = mpsc::channel::<Call>();
        thread::spawn(move || {
            for (after, tell) in called {
                thread::sleep(after);
                let _ = tell.send(());
            }
        });
        calls
    };
}

fn bare_task(runtime: &Runtime, end: End) -> Instant {
    runtime.block_on(async {
        tokio::spawn(end.task()).await.unwrap();
        Instant::now()
    })
}

fn one_task(runtime: &Runtime, end: End) -> Instant {
    runtime.block_on(async {
        let mut value = OneTask { task: tokio::spawn(end.task()), guard: ShutdownGuard::new() };
        let result = value.shutdown().await;
        let returned = Instant::now();
        assert!(result.unwrap().is_clean());
        returned
    })
}

fn many_tasks(runtime: &Runtime, end: End) -> Instant {
    runtime.block_on(async {
        let mut value = ManyTasks { tasks: tasks(end), guard: ShutdownGuard::new() };
        let result = value.shutdown().await;
        let returned = Instant::now();
        assert!(result.unwrap().is_clean());
        returned
    })
}

fn bare_thread(end: End) -> Instant {
    thread::spawn(move || end.thread()).join().unwrap();
    Instant::now()
}

fn one_thread(end: End) -> Instant {
    let mut value = OneThread { thread: Some(thread::spawn(move || end.thread())), guard: ShutdownGuard::new() };
    let result = value.shutdown_blocking();
    let returned = Instant::now();
    assert!(result.unwrap().is_clean());
    returned
}

fn own_thread(end: End) -> Instant {
    let thread = sundown::Thread::spawn("bench", move |_stop| end.thread()).unwrap();
    let mut value = OwnThread { thread, guard: ShutdownGuard::new() };
    let result = value.shutdown_blocking();
    let returned = Instant::now();
    assert!(result.unwrap().is_clean());
    returned
}

fn one_task_blocking(runtime: &Runtime, end: End) -> Instant {
    let mut value = {
        let _entered = runtime.enter();
        OneTask { task: tokio::spawn(end.task()), guard: ShutdownGuard::new() }
    };
    let result = value.shutdown_blocking();
    let returned = Instant::now();
    assert!(result.unwrap().is_clean());
    returned
}

fn many_tasks_blocking(runtime: &Runtime, end: End) -> Instant {
    let mut value = {
        let _entered = runtime.enter();
        ManyTasks { tasks: tasks(end), guard: ShutdownGuard::new() }
    };
    let result = value.shutdown_blocking();
    let returned = Instant::now();
    assert!(result.unwrap().is_clean());
    returned
}

/// One task that ends by itself once it was asked to.
fn tasks(end: End) -> Tasks {
    let tasks = Tasks::new();
    let stop: CancellationToken = tasks.token();
    tasks
        .spawn("bench", async move {
            stop.cancelled().await;
            end.task().await;
        })
        .unwrap();
    tasks
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn two_workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
