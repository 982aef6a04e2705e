//! A task that shuts down the value that holds it: it gets its report, what comes after it is stopped, and it runs on.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use sundown::{Shared, ShutdownGuard, Tasks, Teardown, must_shutdown};
use sundown_tests::{GENEROUS, Spy, What};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio::time::timeout;

/// Something that holds the task, and something that stops after it.
#[must_shutdown(timeout = "300ms", on_drop = "log")]
struct Owner<T: Teardown + Send + 'static> {
    #[shutdown]
    it: T,
    #[shutdown(after = it)]
    rest: Spy,
    guard: ShutdownGuard<Self>,
}

impl<T: Teardown + Send + 'static> Owner<T> {
    fn new(it: T) -> Self {
        let rest = Spy::released();
        Owner { it, rest, guard: ShutdownGuard::new() }
    }
}

/// How the task shuts the value down.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Shutdown,
    AtOnce,
    Blocking,
    /// In an arm of a `select!`, which polls it beside something that wakes it often.
    Select,
}

/// What the task does: it takes the value, shuts it down, answers with the error, and waits for something else.
async fn task<T: Teardown + Send + 'static>(
    value: oneshot::Receiver<Owner<T>>,
    by: By,
    answer: oneshot::Sender<(String, Vec<What>)>,
) {
    let mut owner = value.await.unwrap();
    let result = match by {
        By::Shutdown => owner.shutdown().await,
        By::AtOnce => owner.shutdown_within(Duration::ZERO).await,
        By::Blocking => owner.shutdown_blocking(),
        By::Select => {
            let mut ticks = tokio::time::interval(Duration::from_millis(1));
            let mut shutdown = std::pin::pin!(owner.shutdown());
            loop {
                tokio::select! {
                    result = &mut shutdown => break result,
                    _ = ticks.tick() => {}
                }
            }
        }
    };
    // An abort by the shutdown ends the task at its next await.
    tokio::time::sleep(Duration::from_millis(1)).await;
    let said = result.map_or_else(|error| error.to_string(), |report| report.to_string());
    answer.send((said, owner.rest.moves())).unwrap();
}

/// What a task says that shuts down the value that `hold` puts its handle into.
async fn from_within<T: Teardown + Send + 'static>(by: By, hold: impl FnOnce(JoinHandle<()>) -> T) -> String {
    let (give, take) = oneshot::channel();
    let (answer, answered) = oneshot::channel();
    let handle = tokio::spawn(task(take, by, answer));
    give.send(Owner::new(hold(handle))).ok().unwrap();
    told(answered).await
}

async fn told(answered: oneshot::Receiver<(String, Vec<What>)>) -> String {
    let (said, rest) = timeout(GENEROUS, answered).await.unwrap().expect("the task is not aborted by its own shutdown");
    assert_eq!(rest, [What::Requested, What::Ended], "what comes after it is stopped: {said}");
    said
}

fn assert_named(said: &str) {
    assert!(said.contains("abandoned: ") && said.contains("would wait for itself"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_join_handle() {
    for by in [By::Shutdown, By::AtOnce, By::Blocking, By::Select] {
        assert_named(&from_within(by, |handle| handle).await);
        assert_named(&from_within(by, Some).await);
        assert_named(&from_within(by, Box::new).await);
        assert_named(&from_within(by, |handle| vec![tokio::spawn(async {}), handle]).await);
        assert_named(&from_within(by, |handle| HashMap::from([("it", handle)])).await);
        assert_named(&from_within(by, |handle| (tokio::spawn(async {}), handle)).await);
        assert_named(&from_within(by, Shared::new).await);
        assert_named(&from_within(by, |handle| Arc::new(Shared::new(handle))).await);
    }
}

#[tokio::test]
async fn on_a_current_thread_runtime() {
    assert_named(&from_within(By::Shutdown, |handle| handle).await);
    tokio::task::LocalSet::new()
        .run_until(async {
            let (give, take) = oneshot::channel();
            let (answer, answered) = oneshot::channel();
            let handle = tokio::task::spawn_local(task(take, By::Shutdown, answer));
            give.send(Owner::new(handle)).ok().unwrap();
            assert_named(&told(answered).await);
        })
        .await;
}

/// The others are still waited for, and forced.
#[tokio::test]
async fn the_others_beside_it_are_aborted() {
    let other = tokio::spawn(pending::<()>());
    let aborted = other.abort_handle();
    assert_named(&from_within(By::Shutdown, |handle| vec![other, handle]).await);
    assert!(aborted.is_finished());
}

/// By name of the step, in a value within another.
#[tokio::test]
async fn in_a_value_within() {
    #[must_shutdown(on_drop = "log")]
    struct Inner {
        #[shutdown]
        task: JoinHandle<()>,
        guard: ShutdownGuard<Self>,
    }
    let said = from_within(By::Shutdown, |task| Inner { task, guard: ShutdownGuard::new() }).await;
    assert!(said.contains("`Owner.it.task`"), "{said}");
    assert_named(&said);
}

#[tokio::test]
async fn its_abort_handle() {
    let said = from_within::<AbortHandle>(By::Shutdown, |handle| handle.abort_handle()).await;
    assert!(said.contains("would abort itself"), "{said}");
}

/// The same through `try_join`, which has no `Teardown` around it.
#[tokio::test]
async fn with_try_join() {
    #[must_shutdown(timeout = "300ms", on_drop = "log")]
    struct Importer {
        #[shutdown(with = sundown::try_join)]
        task: JoinHandle<Result<(), std::io::Error>>,
        guard: ShutdownGuard<Self>,
    }
    let (give, take) = oneshot::channel::<Importer>();
    let (answer, answered) = oneshot::channel();
    let task = tokio::spawn(async {
        let error = take.await.unwrap().shutdown().await.unwrap_err();
        tokio::task::yield_now().await;
        answer.send(error.to_string()).unwrap();
        Ok(())
    });
    give.send(Importer { task, guard: ShutdownGuard::new() }).ok().unwrap();
    let said = timeout(GENEROUS, answered).await.unwrap().expect("it is not aborted");
    assert!(said.contains("would wait for itself"), "{said}");
}

/// One that ended before is no problem, also where an executor polls the teardown in the place of the task.
#[tokio::test]
async fn one_that_has_ended_is_not_itself() {
    let handle = tokio::spawn(async {});
    while !handle.is_finished() {
        tokio::task::yield_now().await;
    }
    assert!(Owner::new(handle).shutdown().await.unwrap().is_clean());
}

/// What a task of a set says that shuts the set down, with some others in it.
async fn from_a_set(by: By, others: usize) -> String {
    let (give, take) = oneshot::channel();
    let (answer, answered) = oneshot::channel();
    let mut set = JoinSet::new();
    set.spawn(task(take, by, answer));
    for _ in 0..others {
        set.spawn(pending());
    }
    set.spawn(async {}); // one that stops by itself
    give.send(Owner::new(set)).ok().unwrap();
    told(answered).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_join_set() {
    for by in [By::Shutdown, By::AtOnce, By::Blocking, By::Select] {
        assert_named(&from_a_set(by, 0).await);
        let said = from_a_set(by, 2).await;
        assert_named(&said);
        assert!(said.contains("none was aborted"), "{said}");
    }
}

/// A set within a task of a set: the inner one's task is not spared for the outer one's sake, nor the other way round.
#[tokio::test]
async fn a_set_in_a_set() {
    let (answer, answered) = oneshot::channel();
    let mut outer = JoinSet::new();
    outer.spawn(async move {
        let (give, take) = oneshot::channel();
        let mut inner = JoinSet::new();
        inner.spawn(task(take, By::Shutdown, answer));
        give.send(Owner::new(inner)).ok().unwrap();
        pending::<()>().await;
    });
    assert_named(&told(answered).await);
}

/// Nobody is spared where the shutdown is no task that a set may have: the tasks are aborted, and that is confirmed.
#[tokio::test]
async fn a_set_is_forced_by_who_is_not_in_it() {
    let stuck = || {
        let mut set = JoinSet::new();
        set.spawn(pending::<()>());
        Owner::new(set)
    };
    let error = stuck().shutdown().await.unwrap_err();
    assert!(error.to_string().contains("`Owner.it` forced"), "under `block_on`: {error}");

    let tasks = Tasks::new();
    let error = tasks.spawn("shutdown", async move { stuck().shutdown().await.unwrap_err() }).unwrap().await.unwrap();
    assert!(error.to_string().contains("`Owner.it` forced"), "in a task of a `Tasks`: {error}");
}

/// A task of a `Tasks` that blocks on another runtime polls tasks there that are not of its group.
#[tokio::test]
async fn a_set_below_a_task_of_a_group() {
    let tasks = Tasks::new();
    let below = tasks.spawn_blocking("blocks", || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(from_a_set(By::Shutdown, 1))
    });
    assert_named(&below.unwrap().await.unwrap());
}

/// The tasks that were spared are aborted with the set.
#[tokio::test]
async fn what_was_spared_ends_with_the_set() {
    let mut set = JoinSet::new();
    let stuck = set.spawn(pending::<()>());
    let shutdown = tokio::spawn(async move { Owner::new(set).shutdown().await.unwrap_err() });
    assert_named(&shutdown.await.unwrap().to_string());
    while !stuck.is_finished() {
        tokio::task::yield_now().await;
    }
}

/// A drop does not abort the task either.
#[tokio::test]
async fn a_drop_is_no_abort() {
    let (give, take) = oneshot::channel::<Owner<JoinHandle<()>>>();
    let (answer, answered) = oneshot::channel();
    let handle = tokio::spawn(async {
        let owner = take.await.unwrap();
        drop(owner);
        tokio::task::yield_now().await;
        answer.send(()).unwrap();
    });
    give.send(Owner::new(handle)).ok().unwrap();
    timeout(GENEROUS, answered).await.unwrap().expect("it is not aborted");
}
