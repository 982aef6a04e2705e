//! An `Err` that a task or a thread returns is in the report: nothing is lost silently.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use sundown::{Outcome, Progress, Report, Shared, ShutdownGuard, Tasks, Teardown, Wait, must_shutdown};
use tokio::task::{JoinHandle, JoinSet};

#[derive(Debug, thiserror::Error)]
#[error("the import failed")]
struct ImportError(#[source] io::Error);

fn full() -> io::Error {
    io::Error::new(io::ErrorKind::StorageFull, "the disk is full")
}

fn import() -> Result<u32, ImportError> {
    Err(ImportError(full()))
}

fn failed(report: &Report, name: &str) -> String {
    report.find(name).unwrap_or_else(|| panic!("{name}: {report}")).outcome().to_string()
}

type Handle = JoinHandle<anyhow::Result<()>>;
type Import = JoinHandle<Result<u32, ImportError>>;

#[must_shutdown]
struct Service {
    #[shutdown]
    plain: JoinHandle<Result<u32, ImportError>>,
    #[shutdown]
    alias: Handle,
    #[shutdown]
    optional: Option<JoinHandle<Result<(), String>>>,
    #[shutdown]
    boxed: Box<JoinHandle<Result<(), Box<dyn Error + Send + Sync>>>>,
    #[shutdown]
    several: Vec<JoinHandle<Result<u32, ImportError>>>,
    #[shutdown]
    hashed: HashMap<&'static str, Handle>,
    #[shutdown]
    ordered: BTreeMap<u8, [Handle; 1]>,
    #[shutdown]
    pair: (Handle, (JoinHandle<()>, Import)),
    #[shutdown]
    shared: Shared<Handle>,
    #[shutdown]
    thread: Option<thread::JoinHandle<Result<u32, ImportError>>>,
    #[shutdown]
    fine: JoinHandle<Result<u32, ImportError>>,
    guard: ShutdownGuard<Self>,
}

/// Whichever way a field holds a task, and before or after the task has ended.
#[tokio::test]
async fn of_a_field_whose_type_says_so() {
    let any = || tokio::spawn(async { Err(anyhow::Error::new(import().unwrap_err()).context("at night")) });
    let mut service = Service {
        plain: tokio::spawn(async { import() }),
        alias: any(),
        optional: Some(tokio::spawn(async { Err("as text".to_owned()) })),
        boxed: Box::new(tokio::spawn(async { Err("in a box".into()) })),
        several: vec![tokio::spawn(async { Ok(1) }), tokio::spawn(async { import() })],
        hashed: HashMap::from([("a", any())]),
        ordered: BTreeMap::from([(7, [any()])]),
        pair: (any(), (tokio::spawn(async {}), tokio::spawn(async { import() }))),
        shared: Shared::new(any()),
        thread: Some(thread::spawn(import)),
        fine: tokio::spawn(async { Ok(3) }),
        guard: ShutdownGuard::new(),
    };
    let report = service.shutdown().await.unwrap_err().into_report();
    let (import, any) =
        ("failed: the import failed: the disk is full", "failed: at night: the import failed: the disk is full");
    assert_eq!(failed(&report, "Service.plain"), import);
    assert_eq!(failed(&report, "Service.alias"), any);
    assert_eq!(failed(&report, "Service.optional"), "failed: as text");
    assert_eq!(failed(&report, "Service.boxed"), "failed: in a box");
    assert_eq!(failed(&report, "Service.several[0]"), "stopped");
    assert_eq!(failed(&report, "Service.several[1]"), import);
    assert_eq!(failed(&report, "Service.hashed[\"a\"]"), any);
    assert_eq!(failed(&report, "Service.ordered[7][0]"), any);
    assert_eq!(failed(&report, "Service.pair[0]"), any);
    assert_eq!(failed(&report, "Service.pair[1][0]"), "stopped");
    assert_eq!(failed(&report, "Service.pair[1][1]"), import);
    assert_eq!(failed(&report, "Service.shared"), any);
    assert_eq!(failed(&report, "Service.thread"), import);
    assert_eq!(failed(&report, "Service.fine"), "stopped");

    let Outcome::Failed(failure) = report.find("Service.plain").unwrap().outcome() else { panic!("{report}") };
    let error = failure.error().downcast_ref::<ImportError>().expect("the error itself");
    assert_eq!(error.0.kind(), io::ErrorKind::StorageFull);
}

#[tokio::test]
async fn of_a_set() {
    #[must_shutdown]
    struct Imports {
        #[shutdown]
        set: JoinSet<Result<u32, ImportError>>,
        guard: ShutdownGuard<Self>,
    }
    let mut set = JoinSet::new();
    (0..3).for_each(|_| drop(set.spawn(async { import() })));
    set.spawn(async { Ok(1) });
    let mut imports = Imports { set, guard: ShutdownGuard::new() };
    let report = imports.shutdown().await.unwrap_err().into_report();
    assert_eq!(failed(&report, "Imports.set"), "failed: the import failed: the disk is full");
    assert_eq!(report.find("Imports.set").unwrap().detail(), Some("2 more of its tasks failed"));
}

/// Where the macro sees a parameter and not the type.
#[tokio::test]
async fn of_a_handle_whose_type_nobody_names() {
    #[must_shutdown]
    struct Holder<T: Teardown + Send + 'static> {
        #[shutdown]
        it: T,
        #[shutdown]
        boxed: Box<dyn Teardown + Send + Sync>,
        guard: ShutdownGuard<Self>,
    }
    struct Unnamed;
    let it = tokio::spawn(async { Err::<String, _>(Unnamed) });
    let boxed: JoinHandle<io::Result<()>> = tokio::spawn(async { Err(full()) });
    let mut holder = Holder { it, boxed: Box::new(boxed), guard: ShutdownGuard::new() };
    let report = holder.shutdown().await.unwrap_err().into_report();
    let said = failed(&report, "Holder.it");
    assert!(said.starts_with("failed: ended with the `Err` of a `Result<alloc::string::String, "), "{said}");
    assert!(said.contains("Unnamed"), "{said}");
    assert_eq!(failed(&report, "Holder.boxed"), "failed: the disk is full");

    let mut holder = Holder {
        it: tokio::spawn(async { Ok::<_, Unnamed>(String::new()) }),
        boxed: Box::new(tokio::spawn(async { Some(Unnamed) })),
        guard: ShutdownGuard::new(),
    };
    holder.shutdown().await.unwrap();
}

#[must_shutdown]
struct Jobs {
    #[shutdown]
    tasks: Tasks,
    guard: ShutdownGuard<Self>,
}

impl Jobs {
    fn new() -> Self {
        Jobs { tasks: Tasks::new(), guard: ShutdownGuard::new() }
    }
}

/// Since the group was asked to stop: as a panic.
#[tokio::test]
async fn of_a_task_of_a_group() {
    let mut jobs = Jobs::new();
    let stop = jobs.tasks.token();
    let told = jobs.tasks.try_spawn("import", async move {
        stop.cancelled().await;
        import()
    });
    let stop = jobs.tasks.token();
    jobs.tasks
        .spawn("export", async move {
            stop.cancelled().await;
            Err::<(), _>(anyhow::anyhow!("no luck"))
        })
        .unwrap();
    let report = jobs.shutdown().await.unwrap_err().into_report();
    let said = failed(&report, "Jobs.tasks");
    assert!(said.contains("`import` (") && said.contains("): the import failed: the disk is full"), "{said}");
    assert!(said.contains("`export` (") && said.contains("`Result<(), anyhow::Error>`"), "{said}");

    let failure = told.unwrap().await.unwrap().unwrap_err();
    let error = failure.error().downcast_ref::<ImportError>().expect("the handle has the error itself");
    assert_eq!(error.0.kind(), io::ErrorKind::StorageFull);
}

/// Nor is one lost that has no bytes, or whose text panics.
#[tokio::test]
async fn of_a_task_whose_error_is_odd() {
    #[derive(Debug)]
    struct Odd;
    impl Error for Odd {}
    impl fmt::Display for Odd {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("no text")
        }
    }
    let mut jobs = Jobs::new();
    let (first, second) = (jobs.tasks.token(), jobs.tasks.token());
    let lease = async move {
        first.cancelled().await;
        Err::<std::convert::Infallible, ()>(())
    };
    jobs.tasks.spawn("lease", lease).unwrap();
    let import = async move {
        second.cancelled().await;
        Err::<(), _>(Odd)
    };
    jobs.tasks.try_spawn("import", import).unwrap();
    let report = jobs.shutdown().await.unwrap_err().into_report();
    let said = failed(&report, "Jobs.tasks");
    assert!(said.contains("`lease` (") && said.contains("`Result<core::convert::Infallible, ()>`"), "{said}");
    assert!(said.contains("`import` (") && said.contains("an error without a text, which panicked: no text"), "{said}");
}

/// Before: the report mentions it, as it does a panic, and the group may go on for days.
#[tokio::test]
async fn of_a_task_that_failed_earlier() {
    let mut jobs = Jobs::new();
    for _ in 0..3 {
        jobs.tasks.try_spawn("import", async { import() }).unwrap().await.unwrap().unwrap_err();
    }
    assert_eq!(jobs.tasks.try_spawn("fine", async { Ok::<_, ImportError>(5) }).unwrap().await.unwrap().unwrap(), 5);
    let report = jobs.shutdown().await.unwrap();
    let detail = report.find("Jobs.tasks").unwrap().detail().unwrap();
    assert!(detail.starts_with("3 tasks failed earlier, the last: `import` (tests/tests/outputs.rs:"), "{detail}");
    assert!(detail.ends_with("): the import failed: the disk is full"), "{detail}");
}

/// Aborts its tasks at the request, while they are being polled, and lets them go on.
struct Aborted {
    tasks: Tasks,
    release: Arc<Barrier>,
}

impl Teardown for Aborted {
    fn request(&mut self, progress: &mut Progress) {
        self.tasks.request(progress);
        self.tasks.force(progress);
        self.release.wait();
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Teardown::wait(&mut self.tasks, progress)
    }

    fn force(&mut self, _progress: &mut Progress) {}
}

/// A task that is being polled when it is aborted runs on to its next `await`, and may return there: had the abort been a
/// moment earlier there were no error. So it is mentioned, and no failure. A closure that blocks is not stopped by an abort.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_task_that_was_aborted() {
    #[must_shutdown]
    struct Holder {
        #[shutdown]
        aborted: Aborted,
        guard: ShutdownGuard<Self>,
    }

    let aborted = Aborted { tasks: Tasks::new(), release: Arc::new(Barrier::new(3)) };
    let (begun, begins) = mpsc::channel();
    let held = |error: io::Error| {
        let (begun, release) = (begun.clone(), Arc::clone(&aborted.release));
        move || {
            begun.send(()).unwrap();
            release.wait();
            Err::<(), _>(error)
        }
    };
    let polled = held(io::Error::other("the connection was closed"));
    aborted.tasks.spawn("export", async { polled() }).unwrap();
    aborted.tasks.spawn_blocking("scan", held(full())).unwrap();
    begins.iter().take(2).for_each(drop);

    let mut holder = Holder { aborted, guard: ShutdownGuard::new() };
    let report = holder.shutdown().await.unwrap_err().into_report();
    let step = report.find("Holder.aborted").unwrap();
    let outcome = step.outcome().to_string();
    assert!(outcome.starts_with("failed: `scan` (") && outcome.ends_with("): the disk is full"), "{outcome}");
    let detail = step.detail().unwrap();
    assert!(
        detail.contains("`export` (") && detail.contains("the connection was closed, as it was aborted"),
        "{detail}"
    );
}

#[tokio::test]
async fn of_a_closure_that_blocks() {
    let mut jobs = Jobs::new();
    let tasks = jobs.tasks.clone();
    let task = jobs.tasks.spawn_blocking("scan", move || -> io::Result<()> {
        while !tasks.is_closed() {
            thread::yield_now();
        }
        Err(full())
    });
    let report = jobs.shutdown().await.unwrap_err().into_report();
    assert!(failed(&report, "Jobs.tasks").ends_with("): the disk is full"), "{report}");
    assert_eq!(task.unwrap().await.unwrap().unwrap_err().kind(), io::ErrorKind::StorageFull, "the handle has it too");
}

/// The future comes back, as it was given.
#[tokio::test]
async fn of_a_group_that_is_closed_nothing_is_spawned() {
    let tasks = Tasks::new();
    tasks.close();
    let future = tasks.try_spawn("late", Box::pin(async { import() })).unwrap_err().into_inner();
    assert!(future.await.is_err());
    drop(Arc::new(tasks));
}
