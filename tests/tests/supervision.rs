//! What ends, fails or panics before anybody requested it is known at once.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use sundown::{Ended, OnEnd, Outcome, RuntimeThread, ShutdownGuard, Tasks, Thread, any_ended, must_shutdown};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Generous: it is there so that a test that fails does not hang.
const LONG: Duration = Duration::from_secs(30);

async fn next(value: &mut impl sundown::Supervised) -> Ended {
    timeout(LONG, any_ended(value)).await.expect("an end is known at once").expect("something can end")
}

#[must_shutdown]
struct Single<T: sundown::Teardown + Send> {
    #[shutdown]
    stop: CancellationToken,
    #[shutdown]
    field: T,
    guard: ShutdownGuard<Self>,
}

fn single<T: sundown::Teardown + Send>(field: T) -> Single<T> {
    Single { stop: CancellationToken::new(), field, guard: ShutdownGuard::new() }
}

#[tokio::test]
async fn a_task_that_panics() {
    let (go, gone) = oneshot::channel::<()>();
    let task: JoinHandle<()> = tokio::spawn(async {
        gone.await.unwrap();
        panic!("boom");
    });
    let mut value = single(task);
    assert!(
        timeout(Duration::from_millis(20), any_ended(&mut value)).await.is_err(),
        "it runs, and the wait was dropped"
    );
    go.send(()).unwrap();
    let ended = next(&mut value).await;
    assert_eq!(ended.to_string(), "`Single.field` panicked: boom");
    assert!(ended.stops_all() && ended.fails_all());
    assert!(any_ended(&mut value).await.is_none(), "each end is returned once");
    let error = value.shutdown().await.unwrap_err();
    assert_eq!(error.to_string(), "`Single` did not shut down cleanly: `Single.field` panicked: boom");
}

#[tokio::test]
async fn a_task_that_is_done_stops_nothing() {
    let mut value = single(tokio::spawn(async {}));
    let ended = next(&mut value).await;
    assert_eq!(ended.to_string(), "`Single.field` ended");
    assert!(!ended.stops_all());
    assert!(value.shutdown().await.is_ok());
}

#[tokio::test]
async fn the_tasks_of_a_group_that_fail() {
    let mut value = single(Tasks::new());
    let tasks = value.field.clone();
    tasks.spawn("done", async {}).unwrap();
    tasks.try_spawn("import", async { Err::<(), _>(io::Error::other("no disk")) }).unwrap();
    let ended = next(&mut value).await;
    assert!(matches!(ended.outcome(), Outcome::Failed(_)), "{ended}");
    assert!(ended.to_string().starts_with("`Single.field` failed: `import` ("), "{ended}");
    tasks.spawn("job", async { panic!("boom") }).unwrap();
    let ended = next(&mut value).await;
    assert!(ended.to_string().ends_with("): boom"), "{ended}");
    let _ = value.shutdown().await;
}

/// One that failed while nobody watched is not lost.
#[tokio::test]
async fn a_failure_waits_for_the_supervisor() {
    let mut value = single(Tasks::new());
    let task = value.field.spawn("job", async { panic!("boom") }).unwrap();
    task.await.unwrap_err();
    assert!(matches!(next(&mut value).await.outcome(), Outcome::Panicked { .. }));
    let _ = value.shutdown().await;
}

#[tokio::test]
async fn a_task_of_a_set_that_fails() {
    let mut set: JoinSet<io::Result<()>> = JoinSet::new();
    set.spawn(async { Ok(()) });
    set.spawn(async { Err(io::Error::other("no disk")) });
    let mut value = single(set);
    assert!(matches!(next(&mut value).await.outcome(), Outcome::Failed(_)));
    assert!(any_ended(&mut value).await.is_none(), "no task is left");
    assert!(value.shutdown().await.is_err(), "the report has it too");
}

#[tokio::test]
async fn a_thread() {
    let mut value = single(Thread::spawn("reader", |_stop| Err::<(), _>("the input is gone")).unwrap());
    assert_eq!(next(&mut value).await.to_string(), "`Single.field` failed: the input is gone");
    let error = value.shutdown().await.unwrap_err();
    assert!(error.to_string().ends_with("`Single.field` failed: the input is gone"), "{error}");
}

#[tokio::test]
async fn a_runtime_thread() {
    fn boom() {
        panic!("boom");
    }
    let thread: RuntimeThread<u8> = RuntimeThread::spawn("owner", async |_inbox, _stop| boom()).unwrap();
    let mut value = single(thread);
    assert!(matches!(next(&mut value).await.outcome(), Outcome::Panicked { .. }));
    let _ = value.shutdown().await;
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_child_process() {
    use sundown::Process;
    use tokio::process::Command;

    for (script, fails) in [("exit 3", true), ("exit 0", false), ("kill -9 $$", true)] {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let mut value = single(Process::spawn("worker", command).unwrap());
        let ended = next(&mut value).await;
        assert_eq!(ended.fails_all(), fails, "{ended}");
        let report = value.shutdown().await.unwrap_or_else(sundown::ShutdownError::into_report);
        assert_eq!(report.is_clean(), !fails, "{report}");

        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let mut value = single(command.spawn().unwrap());
        let ended = next(&mut value).await;
        assert_eq!(ended.fails_all(), fails, "{ended}");
        let _ = value.shutdown().await;
    }
}

/// The look at a child leaves it its standard input, which tokio's `Child::wait` closes.
#[tokio::test]
#[cfg(unix)]
async fn a_child_that_reads_its_standard_input() {
    use std::process::Stdio;

    use sundown_tests::is_pending;
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::process::Command;

    let mut command = Command::new("cat");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut value = single(command.spawn().unwrap());
    let mut watch = Box::pin(any_ended(&mut value));
    assert!(is_pending(&mut watch).await, "it runs");
    drop(watch);
    let mut input = value.field.stdin.take().expect("it is where it was");
    input.write_all(b"line\n").await.unwrap();
    let mut output = BufReader::new(value.field.stdout.take().unwrap()).lines();
    assert_eq!(output.next_line().await.unwrap().as_deref(), Some("line"));
    drop(input);
    assert!(!next(&mut value).await.fails_all());
    assert!(value.shutdown().await.is_ok());
}

#[must_shutdown]
struct Meanings {
    #[shutdown(on_end = "ignore")]
    ignored: Tasks,
    #[shutdown(on_end = "stop")]
    work: JoinHandle<()>,
    #[shutdown(on_end = "fail")]
    vital: JoinHandle<()>,
    #[shutdown]
    inner: Inner,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown]
struct Inner {
    #[shutdown]
    parts: BTreeMap<&'static str, Option<JoinHandle<()>>>,
    guard: ShutdownGuard<Self>,
}

fn pending() -> JoinHandle<()> {
    tokio::spawn(std::future::pending())
}

#[tokio::test]
async fn what_an_end_means_is_written_on_the_field() {
    let (go, gone) = oneshot::channel::<()>();
    let inner = Inner { parts: BTreeMap::new(), guard: ShutdownGuard::new() };
    let mut value = Meanings {
        ignored: Tasks::new(),
        work: tokio::spawn(async { gone.await.unwrap() }),
        vital: pending(),
        inner,
        guard: ShutdownGuard::new(),
    };
    value.ignored.spawn("job", async { panic!("boom") }).unwrap();
    let ended = next(&mut value).await;
    assert_eq!((ended.on_end(), ended.stops_all(), ended.fails_all()), (Some(OnEnd::Ignore), false, false));
    go.send(()).unwrap();
    let ended = next(&mut value).await;
    assert_eq!((ended.name(), ended.stops_all(), ended.fails_all()), ("Meanings.work", true, false));
    value.vital.abort();
    let ended = next(&mut value).await;
    assert_eq!((ended.name(), ended.stops_all(), ended.fails_all()), ("Meanings.vital", true, true));
    let _ = value.shutdown().await;
}

#[tokio::test]
async fn a_part_of_a_collection_in_a_value_within() {
    let (go, gone) = oneshot::channel::<()>();
    let ends = tokio::spawn(async { gone.await.unwrap() });
    let parts = BTreeMap::from([("a", Some(pending())), ("b", Some(ends)), ("c", None)]);
    let inner = Inner { parts, guard: ShutdownGuard::new() };
    let mut value =
        Meanings { ignored: Tasks::new(), work: pending(), vital: pending(), inner, guard: ShutdownGuard::new() };
    go.send(()).unwrap();
    assert_eq!(next(&mut value).await.name(), "Meanings.inner.parts[\"b\"]");
    let report = value.shutdown_within(Duration::from_millis(100)).await.unwrap_err().into_report();
    let word = |part: &str| report.find(&format!("Meanings.inner.parts[{part:?}]")).unwrap().outcome().word();
    assert_eq!((word("a"), word("b"), word("c")), ("forced", "stopped", "stopped"), "{report}");
}

#[must_shutdown(shared)]
struct Hub {
    #[shutdown]
    tasks: Tasks,
    #[shutdown]
    thread: Thread,
    guard: ShutdownGuard<Self>,
}

/// Any owner of a shared value can shut it down while another watches it.
#[tokio::test]
async fn a_shared_value_that_another_shuts_down() {
    let thread = Thread::spawn("short", |_stop| ()).unwrap();
    let mut hub = Arc::new(Hub { tasks: Tasks::new(), thread, guard: ShutdownGuard::new() });
    assert_eq!(next(&mut hub).await.to_string(), "`Hub.thread` ended");
    let other = Arc::clone(&hub);
    let shuts_down = async {
        tokio::task::yield_now().await;
        other.shutdown().await
    };
    tokio::select! {
        ended = any_ended(&mut hub) => panic!("{ended:?}: the thread was told of, and tasks have no end"),
        report = shuts_down => assert!(report.unwrap().is_clean()),
    }
    assert!(any_ended(&mut hub).await.is_none(), "nothing is watched after a shutdown");
}
