//! What is called what: a step is named by its path from the outermost value, in reports, errors, events and metrics.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use metrics_util::debugging::DebuggingRecorder;
use sundown::{Progress, Report, Shared, ShutdownError, ShutdownGuard, Teardown, Wait, must_shutdown, registry};
use sundown_tests::{Spy, is_pending};

#[must_shutdown(timeout = "200ms", on_drop = "log")]
struct Client {
    #[shutdown]
    jobs: Spy,
    guard: ShutdownGuard<Self>,
}

impl Client {
    fn of(jobs: &Spy) -> Self {
        Client { jobs: jobs.clone(), guard: ShutdownGuard::new() }
    }
}

#[derive(Teardown)]
struct Pool {
    #[shutdown]
    writer: Spy,
}

#[must_shutdown(timeout = "1s", on_drop = "log")]
struct Service {
    #[shutdown]
    primary: Client,
    #[shutdown]
    replica: Client,
    #[shutdown]
    others: HashMap<&'static str, Client>,
    #[shutdown]
    pool: Pool,
    guard: ShutdownGuard<Self>,
}

impl Service {
    /// All ends by itself but the job of the replica.
    fn new(replica: &Spy) -> Self {
        Service {
            primary: Client::of(&Spy::released()),
            replica: Client::of(replica),
            others: HashMap::from([("e]u", Client::of(&Spy::released()))]),
            pool: Pool { writer: Spy::released() },
            guard: ShutdownGuard::new(),
        }
    }
}

fn names(report: &Report) -> Vec<&str> {
    report.walk().map(sundown::StepReport::name).collect()
}

#[tokio::test(start_paused = true)]
async fn two_fields_of_one_type_are_told_apart() {
    let error = Service::new(&Spy::new()).shutdown().await.unwrap_err();
    let said = error.to_string();
    assert_eq!(said, "`Service` did not shut down cleanly: `Service.replica.jobs` forced");
    let report = error.report();
    assert_eq!(
        names(report),
        [
            "Service.primary",
            "Service.primary.jobs",
            "Service.replica",
            "Service.replica.jobs",
            "Service.others",
            "Service.others[\"e]u\"]",
            "Service.others[\"e]u\"].jobs",
            "Service.pool",
            "Service.pool.writer",
        ]
    );
    assert_eq!(report.find("Service.replica.jobs").unwrap().outcome().word(), "forced");
    assert_eq!(report.find("Service.primary.jobs").unwrap().outcome().word(), "stopped");
    assert!(report.find("Client.jobs").is_none() && report.find("jobs").is_none(), "whole paths only");
    assert!(report.to_string().contains("   `- Service.pool.writer "), "{report}");
}

/// Says in its outcome that it cannot be forced.
struct Unforced;
impl Teardown for Unforced {
    fn request(&mut self, _progress: &mut Progress) {}
    fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(std::future::pending())
    }
    fn force(&mut self, progress: &mut Progress) {
        progress.abandon("it cannot be forced");
    }
}
#[must_shutdown(shared, name = "Store (eu)", timeout = "200ms", on_drop = "log")]
struct Store {
    #[shutdown]
    parts: Shared<Vec<Unforced>>,
    guard: ShutdownGuard<Self>,
}
#[must_shutdown(timeout = "200ms", on_drop = "log")]
struct Owner {
    #[shutdown]
    store: Arc<Store>,
    guard: ShutdownGuard<Self>,
}
/// Each has the path of its own report, also in the texts of the outcomes, and whichever came first.
#[tokio::test(start_paused = true)]
async fn the_texts_of_outcomes_name_steps_of_their_report() {
    for owner_first in [false, true] {
        let store = Arc::new(Store { parts: Shared::new(vec![Unforced]), guard: ShutdownGuard::new() });
        let mut owner = Owner { store: Arc::clone(&store), guard: ShutdownGuard::new() };
        if owner_first {
            owner.shutdown().await.unwrap_err();
        }
        let own = store.shutdown().await.unwrap_err().into_report();
        let owners = owner.shutdown().await.unwrap_err().into_report();
        for (report, path) in [(&own, "Store (eu).parts"), (&owners, "Owner.store.parts")] {
            let said = report.find(path).unwrap_or_else(|| panic!("{report}")).outcome().to_string();
            assert_eq!(said, format!("abandoned: `{path}[0]`: it cannot be forced"), "{report}");
            assert!(report.outcome().to_string().contains(&format!("`{path}[0]`")), "{report}");
        }
    }
}

/// A value that others have shut down half-way, under another path.
#[tokio::test]
async fn a_value_that_was_a_part_is_named_by_itself_afterwards() {
    let spy = Spy::new();
    let mut service = Service::new(&spy);
    {
        let mut half = Box::pin(service.shutdown());
        assert!(is_pending(&mut half).await);
    }
    spy.release();
    let own = service.replica.shutdown().await.unwrap();
    assert_eq!((own.name(), names(&own)), ("Client", vec!["Client.jobs"]));
    let report = service.shutdown().await.unwrap();
    assert!(report.find("Service.replica.jobs").is_some(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn what_was_given_has_paths_below_its_place() {
    registry::give(Service::new(&Spy::released()));
    let report = registry::shutdown_all(Duration::from_secs(5)).await.unwrap_or_else(ShutdownError::into_report);
    let given = report.steps().iter().find(|step| step.name().contains("Service (")).unwrap().name().to_owned();
    // The place is not repeated.
    let (path, _place) = given.rsplit_once(" (").unwrap();
    assert!(report.find(&format!("{path}.replica.jobs")).is_some(), "{report}");
}

/// Why a nested step was given up is said once, with its whole path.
#[tokio::test(start_paused = true)]
async fn an_explanation_names_the_path_once() {
    struct Hopeless;
    impl Teardown for Hopeless {
        fn request(&mut self, _progress: &mut Progress) {}
        fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
            Box::pin(std::future::pending())
        }
        fn force(&mut self, progress: &mut Progress) {
            progress.abandon("hopeless");
        }
    }
    #[derive(Teardown)]
    struct Inner {
        #[shutdown]
        step: Hopeless,
    }
    #[derive(Teardown)]
    struct Middle {
        #[shutdown]
        inner: Inner,
    }
    #[must_shutdown(timeout = "1s", on_drop = "log")]
    struct Outer {
        #[shutdown]
        middle: Middle,
        guard: ShutdownGuard<Self>,
    }
    let mut outer = Outer { middle: Middle { inner: Inner { step: Hopeless } }, guard: ShutdownGuard::new() };
    let error = outer.shutdown().await.unwrap_err();
    assert_eq!(error.to_string(), "`Outer` did not shut down cleanly: `Outer.middle.inner.step` abandoned: hopeless");
}

/// A label is a path without keys and indices: as many series as there are fields.
#[test]
fn metrics_are_by_path() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let _ = Service::new(&Spy::released()).shutdown_blocking().unwrap();
    });
    let mut steps: Vec<String> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter(|(key, ..)| key.key().name() == "sundown_steps_total")
        .map(|(key, ..)| key.key().labels().find(|label| label.key() == "step").unwrap().value().to_owned())
        .collect();
    steps.sort();
    assert_eq!(
        steps,
        [
            "Service.others",
            "Service.others[].jobs",
            "Service.pool",
            "Service.pool.writer",
            "Service.primary",
            "Service.primary.jobs",
            "Service.replica",
            "Service.replica.jobs",
        ]
    );
}
