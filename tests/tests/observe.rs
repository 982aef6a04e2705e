//! What tracing and metrics see.

#[path = "observe/capture.rs"]
mod capture;
#[path = "observe/running.rs"]
mod running;

use std::cell::Cell;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use sundown::{Progress, ShutdownError, ShutdownGuard, Tasks, Teardown, Wait, must_shutdown};
use sundown_tests::{Pinned, Spy, What, is_pending};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, LocalSet};
use tokio_util::sync::CancellationToken;

use capture::{capture, subscribe};

#[must_shutdown(timeout = "200ms", on_drop = "log")]
struct Observed {
    #[shutdown]
    good: Spy,
    #[shutdown(after = good)]
    late: Spy,
    guard: ShutdownGuard<Self>,
}

impl Observed {
    fn new() -> Self {
        let good = Spy::released();
        Observed { good, late: Spy::new(), guard: ShutdownGuard::new() }
    }
}

#[test]
fn a_teardown_is_a_span_with_an_event_per_step() {
    let text = capture(|| drop(Observed::new().shutdown_blocking().unwrap_err()));
    let line = |part: &str| text.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}: {text}"));
    let good = line("step=\"Observed.good\"");
    assert!(good.contains("DEBUG") && good.contains("shutdown{value=\"Observed\"}"), "{good}");
    assert!(good.contains("outcome=\"stopped\"") && good.contains("took_ms="), "{good}");
    let late = line("step=\"Observed.late\"");
    assert!(late.contains("WARN") && late.contains("outcome=\"forced\""), "{late}");
    assert!(line("shut down").contains("value=\"Observed\""), "{text}");
}

#[test]
fn a_leak_is_an_error() {
    let text = capture(|| drop(Observed::new()));
    assert!(text.contains("ERROR") && text.contains("was dropped without `shutdown().await`"), "{text}");
    assert!(text.contains("observe.rs:"), "{text}");
}

fn value(snapshotter: &Snapshotter, name: &str, labels: &[(&str, &str)]) -> Option<DebugValue> {
    snapshotter.snapshot().into_vec().into_iter().find_map(|(key, _, _, value)| {
        let key = key.key();
        let has = |&(k, v): &(&str, &str)| key.labels().any(|label| label.key() == k && label.value().ends_with(v));
        (key.name() == name && labels.iter().all(has)).then_some(value)
    })
}

#[test]
fn outcomes_durations_live_values_and_leaks_are_counted() {
    subscribe();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let mut observed = Observed::new();
        let _ = observed.shutdown_blocking().unwrap_err();
        drop(Observed::new());
        assert_eq!(
            value(&snapshotter, "sundown_live_values", &[("value", "Observed")]),
            Some(DebugValue::Gauge(1.0.into())),
            "two made, one gone"
        );
        drop(observed);
    });
    let took = Cell::new(None);
    let one = |name, labels: &[(&str, &str)]| {
        // A snapshot empties histograms, so each value is asked for in a run of its own.
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        metrics::with_local_recorder(&recorder, || {
            let mut observed = Observed::new();
            let error = observed.shutdown_blocking().unwrap_err();
            took.set(error.report().find("Observed.late").map(|step| step.took()));
            drop(Observed::new());
        });
        value(&snapshotter, name, labels).unwrap_or_else(|| panic!("{name} {labels:?}"))
    };
    let count = DebugValue::Counter(1);
    assert_eq!(one("sundown_steps_total", &[("step", "Observed.good"), ("outcome", "stopped")]), count);
    assert_eq!(one("sundown_steps_total", &[("step", "Observed.late"), ("outcome", "forced")]), count);
    assert_eq!(one("sundown_shutdowns_total", &[("value", "Observed"), ("outcome", "forced")]), count);
    assert_eq!(one("sundown_leaks_total", &[("type", "Observed")]), count);
    let DebugValue::Histogram(seconds) = one("sundown_step_duration_seconds", &[("step", "Observed.late")]) else {
        panic!("a histogram")
    };
    assert_eq!(seconds.len(), 1);
    let took = took.get().expect("it was shut down").as_secs_f64();
    assert!((seconds[0].into_inner() - took).abs() < 1e-9, "in seconds: {seconds:?}, {took}");
}

#[test]
fn the_panic_of_a_force_is_told() {
    #[must_shutdown(timeout = "100ms", on_drop = "log")]
    struct Bad {
        #[shutdown]
        bad: Pinned,
        guard: ShutdownGuard<Self>,
    }
    let text = capture(|| {
        let mut bad = Bad { bad: Pinned(Spy::panicking()), guard: ShutdownGuard::new() };
        let error = bad.shutdown_blocking().unwrap_err();
        let said = "`Bad.bad` abandoned: still running after it was forced (panicked: a force that panics)";
        assert!(error.to_string().contains(said), "{error}");
    });
    assert!(text.contains("detail=\"panicked: a force that panics\""), "{text}");
}

#[must_shutdown(timeout = "2s", on_drop = "log")]
struct Value {
    #[shutdown]
    pinned: Pinned,
    guard: ShutdownGuard<Self>,
}

/// Everything that is left cannot be moved out, and its force panics.
#[tokio::test]
async fn a_drop_says_what_it_forced_and_what_panicked() {
    subscribe();
    let pinned = Pinned(Spy::panicking());
    let mut v = Value { pinned: pinned.clone(), guard: ShutdownGuard::new() };
    {
        let mut half = Box::pin(v.shutdown());
        assert!(is_pending(&mut half).await);
    }
    let text = capture(|| drop(v));
    assert!(pinned.0.moves().contains(&What::Forced));
    assert!(text.contains("a force that panics"), "nothing says so:\n{text}");
}

/// A `detach` that panics.
struct Clings(Spy);
impl Teardown for Clings {
    fn request(&mut self, progress: &mut Progress) {
        self.0.request(progress);
    }
    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        self.0.wait(progress)
    }
    fn force(&mut self, progress: &mut Progress) {
        self.0.force(progress);
    }
    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        panic!("it clings")
    }
}
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct Clinging {
    #[shutdown]
    a: Clings,
    guard: ShutdownGuard<Self>,
}
#[test]
fn a_detach_that_panics_is_told() {
    let text = capture(|| drop(Clinging { a: Clings(Spy::new()), guard: ShutdownGuard::new() }));
    assert!(text.contains("it clings"), "nothing says so:\n{text}");
}

/// Its task needs a thread of the runtime to notice that it should stop.
#[must_shutdown(timeout = "300ms", on_drop = "wait")]
struct Works {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

impl Works {
    fn new(spawn: impl FnOnce(&Tasks)) -> Self {
        let jobs = Tasks::new();
        spawn(&jobs);
        Works { jobs, guard: ShutdownGuard::new() }
    }

    fn spawned() -> Self {
        Works::new(|jobs| {
            let token = jobs.token();
            jobs.spawn("obedient", async move { token.cancelled().await }).unwrap();
        })
    }
}

/// With time for what stops by itself.
#[must_shutdown(timeout = "30s", on_drop = "log")]
struct Patient {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn one_worker() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// The step was given up, and neither its text nor the event says that the task was at fault.
fn blames_the_caller(error: &ShutdownError, text: &str) {
    let jobs = error.report().find("Works.jobs").unwrap().outcome();
    assert_eq!(jobs.word(), "abandoned", "{error}");
    assert!(jobs.to_string().contains("blocks the only thread of its runtime"), "{error}");
    let said = text.lines().find(|line| line.contains("ERROR")).unwrap_or_else(|| panic!("no error event:\n{text}"));
    assert!(said.contains("`Works`") && said.contains("`shutdown_blocking`"), "{said}");
    assert!(text.contains("help: `.await` its `shutdown`"), "{text}");
}

#[test]
fn a_blocking_shutdown_in_async_code_of_a_current_thread_runtime_is_an_error() {
    let mut ended = None;
    let text = capture(|| {
        ended = Some(current_thread().block_on(async { Works::spawned().shutdown_blocking().unwrap_err() }));
    });
    blames_the_caller(&ended.unwrap(), &text);
}

#[test]
fn a_blocking_shutdown_on_the_only_worker_is_an_error() {
    let runtime = one_worker();
    let mut ended = None;
    // The events of a worker go to its own buffer.
    let text = runtime.block_on(async {
        let task = tokio::spawn(async {
            let mut ended = None;
            let text = capture(|| ended = Some(Works::spawned().shutdown_blocking().unwrap_err()));
            (ended, text)
        });
        let (error, text) = task.await.unwrap();
        ended = error;
        text
    });
    blames_the_caller(&ended.unwrap(), &text);
}

/// A thread of the runtime's that may be blocked: it is the task that is late, or nothing is.
#[test]
fn a_blocking_shutdown_where_the_runtime_goes_on_is_no_error() {
    subscribe();
    let blocks = || {
        let jobs = Tasks::new();
        let token = jobs.token();
        jobs.spawn("obedient", async move { token.cancelled().await }).unwrap();
        let mut patient = Patient { jobs, guard: ShutdownGuard::new() };
        let text = capture(|| drop(patient.shutdown_blocking().unwrap()));
        assert!(!text.contains("ERROR"), "{text}");
        let mut deaf = Works::new(|jobs| drop(jobs.spawn("deaf", std::future::pending::<()>()).unwrap()));
        let text = capture(|| {
            let error = deaf.shutdown_blocking().unwrap_err().to_string();
            assert!(!error.contains("the caller"), "{error}");
        });
        assert!(!text.contains("ERROR"), "{text}");
    };
    current_thread().block_on(async { tokio::task::spawn_blocking(blocks).await.unwrap() });
    one_worker().block_on(async {
        tokio::spawn(async move { tokio::task::block_in_place(blocks) }).await.unwrap();
    });
    let runtime = one_worker();
    let _entered = runtime.enter();
    blocks();
}

/// Where all stops in time there is nothing to say, in async code too.
#[test]
fn a_blocking_shutdown_in_async_code_that_is_clean_is_no_error() {
    let text = capture(|| {
        current_thread().block_on(async { drop(Works::new(|_| ()).shutdown_blocking().unwrap()) });
    });
    assert!(!text.contains("ERROR"), "{text}");
}

/// A task of a `LocalSet`, which the thread that drops the value drives.
#[must_shutdown(timeout = "300ms", on_drop = "wait")]
struct Local {
    #[shutdown]
    stop: CancellationToken,
    #[shutdown]
    task: JoinHandle<()>,
    guard: ShutdownGuard<Self>,
}

impl Local {
    fn new() -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::task::spawn_local(async move { stopped.cancelled().await });
        Local { stop, task, guard: ShutdownGuard::new() }
    }
}

/// tokio does not tell that `block_on` drives a `LocalSet`, so the drop waits there as under any `block_on`.
#[test]
fn a_drop_that_waits_in_vain_for_a_local_set_is_an_error() {
    let runtime = one_worker();
    for text in [
        capture(|| LocalSet::new().block_on(&runtime, async { drop(Local::new()) })),
        capture(|| runtime.block_on(LocalSet::new().run_until(async { drop(Local::new()) }))),
    ] {
        let said = text.lines().find(|line| line.contains("ERROR")).unwrap_or_else(|| panic!("no event:\n{text}"));
        assert!(said.contains("`Local`") && said.contains("`LocalSet`"), "{said}");
        let step = text.lines().find(|line| line.contains("step=\"Local.task\"")).expect("the step is an event");
        assert!(step.contains("it was waited for under `block_on`"), "{step}");
    }
}
