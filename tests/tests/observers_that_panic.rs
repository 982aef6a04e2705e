//! A tracing subscriber or a metrics recorder that panics costs its own events, and no step of a plan.

use std::panic::panic_any;
use std::sync::Arc;

use metrics::{Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder};
use metrics::{SharedString, Unit};
use sundown::{Report, ShutdownGuard, Tasks, must_shutdown};
use sundown_tests::{Spy, What};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

#[must_shutdown(timeout = "200ms", on_drop = "log")]
struct Service {
    #[shutdown]
    good: Spy,
    #[shutdown]
    late: Spy,
    #[shutdown(after = [good, late])]
    last: Spy,
    guard: ShutdownGuard<Self>,
}

/// One step that stops, one that is forced, one that waits for both.
fn shut_down(make: impl FnOnce(&mut Service) -> Report) {
    let (good, late, last) = (Spy::released(), Spy::new(), Spy::released());
    let mut service =
        Service { good: good.clone(), late: late.clone(), last: last.clone(), guard: ShutdownGuard::new() };
    let report = make(&mut service);
    let outcome = |name| report.find(name).unwrap_or_else(|| panic!("{report}")).outcome().to_string();
    assert_eq!(outcome("Service.good"), "stopped");
    assert_eq!(outcome("Service.late"), "forced");
    assert_eq!(outcome("Service.last"), "stopped");
    assert!(good.moves().contains(&What::Requested) && last.moves().contains(&What::Requested));
    assert!(late.moves().contains(&What::Forced));
    drop(service);
    // One that nobody shuts down, too.
    let leaked = Spy::new();
    drop(Service { good: leaked.clone(), late: Spy::new(), last: Spy::new(), guard: ShutdownGuard::new() });
    assert!(leaked.moves().contains(&What::Requested));
}

fn blocking(service: &mut Service) -> Report {
    service.shutdown_blocking().unwrap_err().into_report()
}

fn in_a_runtime(service: &mut Service) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(service.shutdown()).unwrap_err().into_report()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Call {
    Event,
    NewSpan,
    Enter,
    Exit,
    Close,
}

/// Panics in one call, or in all of them.
struct Panics(Option<Call>);

impl Panics {
    fn called(&self, call: Call) {
        if self.0.is_none_or(|only| only == call) {
            panic_any(Payload);
        }
    }
}

/// One that panics again when it is dropped.
struct Payload;

impl Drop for Payload {
    fn drop(&mut self) {
        panic_any(Again);
    }
}

/// The payload of that panic. What has no size leaks nothing where it is forgotten.
struct Again;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Panics {
    fn on_new_span(&self, _attributes: &Attributes<'_>, _id: &Id, _context: Context<'_, S>) {
        self.called(Call::NewSpan);
    }

    fn on_event(&self, _event: &Event<'_>, _context: Context<'_, S>) {
        self.called(Call::Event);
    }

    fn on_enter(&self, _id: &Id, _context: Context<'_, S>) {
        self.called(Call::Enter);
    }

    fn on_exit(&self, _id: &Id, _context: Context<'_, S>) {
        self.called(Call::Exit);
    }

    fn on_close(&self, _id: Id, _context: Context<'_, S>) {
        self.called(Call::Close);
    }
}

fn with_subscriber(panics: Option<Call>, make: impl FnOnce()) {
    tracing::subscriber::with_default(tracing_subscriber::registry().with(Panics(panics)), make);
}

#[test]
fn a_subscriber_in_any_one_call() {
    for call in [Call::Event, Call::NewSpan, Call::Enter, Call::Exit, Call::Close] {
        with_subscriber(Some(call), || shut_down(blocking));
        with_subscriber(Some(call), || shut_down(in_a_runtime));
    }
}

#[test]
fn a_subscriber_in_every_call() {
    with_subscriber(None, || shut_down(blocking));
    with_subscriber(None, || shut_down(in_a_runtime));
}

/// The future of a shutdown is dropped in its span, and so is one whose user panics.
#[test]
fn a_subscriber_while_a_shutdown_is_dropped() {
    with_subscriber(None, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let late = Spy::new();
            let mut service =
                Service { good: Spy::released(), late: late.clone(), last: Spy::new(), guard: ShutdownGuard::new() };
            {
                let mut half = Box::pin(service.shutdown());
                assert!(sundown_tests::is_pending(&mut half).await);
            }
            let report = service.shutdown().await.unwrap_err().into_report();
            assert_eq!(report.find("Service.late").unwrap().outcome().to_string(), "forced");
        });
    });
}

#[must_shutdown]
struct Jobs {
    #[shutdown]
    tasks: Tasks,
    guard: ShutdownGuard<Self>,
}

/// A task that panics or fails is reported on the worker that runs it.
#[test]
fn a_subscriber_while_a_task_ends() {
    with_subscriber(None, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut jobs = Jobs { tasks: Tasks::new(), guard: ShutdownGuard::new() };
            let panics = jobs.tasks.spawn("a", async { panic!("its own") }).unwrap().await;
            let panic = panics.map(|(): ()| ()).unwrap_err().into_panic();
            assert_eq!(*panic.downcast::<&str>().unwrap(), "its own");
            let failure = jobs.tasks.try_spawn("b", async { Err::<(), _>("its own") }).unwrap().await.unwrap();
            assert_eq!(failure.unwrap_err().to_string(), "its own");
            let report = jobs.shutdown().await.unwrap();
            let detail = report.find("Jobs.tasks").unwrap().detail().unwrap();
            assert!(detail.contains("a task panicked earlier") && detail.contains("a task failed earlier"), "{detail}");
        });
    });
}

/// Panics in the registration of a metric, or in what is counted.
struct Broken {
    registers: bool,
}

struct Count;

impl CounterFn for Count {
    fn increment(&self, _value: u64) {
        panic!("a counter");
    }

    fn absolute(&self, _value: u64) {}
}

impl GaugeFn for Count {
    fn increment(&self, _value: f64) {
        panic!("a gauge");
    }

    fn decrement(&self, _value: f64) {
        panic!("a gauge");
    }

    fn set(&self, _value: f64) {}
}

impl HistogramFn for Count {
    fn record(&self, _value: f64) {
        panic!("a histogram");
    }
}

impl Recorder for Broken {
    fn describe_counter(&self, _key: KeyName, _unit: Option<Unit>, _description: SharedString) {}

    fn describe_gauge(&self, _key: KeyName, _unit: Option<Unit>, _description: SharedString) {}

    fn describe_histogram(&self, _key: KeyName, _unit: Option<Unit>, _description: SharedString) {}

    fn register_counter(&self, _key: &Key, _metadata: &Metadata<'_>) -> Counter {
        assert!(self.registers, "no counter");
        Counter::from_arc(Arc::new(Count))
    }

    fn register_gauge(&self, _key: &Key, _metadata: &Metadata<'_>) -> Gauge {
        assert!(self.registers, "no gauge");
        Gauge::from_arc(Arc::new(Count))
    }

    fn register_histogram(&self, _key: &Key, _metadata: &Metadata<'_>) -> Histogram {
        assert!(self.registers, "no histogram");
        Histogram::from_arc(Arc::new(Count))
    }
}

#[test]
fn a_recorder() {
    for registers in [true, false] {
        metrics::with_local_recorder(&Broken { registers }, || {
            shut_down(blocking);
            shut_down(in_a_runtime);
        });
    }
}
