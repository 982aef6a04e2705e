//! `Tasks` in an annotated struct: the gate, the wait, the force, and who is named.

use std::future::pending;
use std::panic::Location;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use sundown::{Phase, Report, ShutdownError, ShutdownGuard, Tasks, must_shutdown, registry};
use sundown_tests::GENEROUS;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

#[must_shutdown(timeout = "30s", on_drop = "log")]
struct Owner {
    #[shutdown]
    tasks: Tasks,
    guard: ShutdownGuard<Self>,
}

impl Owner {
    fn of(tasks: &Tasks) -> Self {
        Owner { tasks: tasks.clone(), guard: ShutdownGuard::new() }
    }
}

/// With time enough for anyone who stops.
async fn shut_down(tasks: &Tasks) -> Report {
    Owner::of(tasks).shutdown().await.unwrap_or_else(ShutdownError::into_report)
}

/// With little time, for those who do not. Of a second the last 100 ms, which is the most there is, are for confirming the force.
async fn force(tasks: &Tasks) -> Report {
    let limit = Duration::from_secs(1);
    Owner::of(tasks).shutdown_within(limit).await.unwrap_or_else(ShutdownError::into_report)
}

/// The step's outcome and what the report says besides.
fn said(report: &Report) -> (String, String) {
    let step = report.find("Owner.tasks").unwrap();
    (step.outcome().to_string(), step.detail().unwrap_or_default().to_owned())
}

fn two_workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

mod the_gate {
    use super::*;

    #[tokio::test]
    async fn a_late_spawn_gives_back_what_it_was_given() {
        let tasks = Tasks::new();
        tasks.close();
        assert!(tasks.is_closed());
        let future = tasks.spawn("late", async { 7 }).unwrap_err();
        assert_eq!(future.to_string(), "the group of tasks is closed");
        assert_eq!(future.into_inner().await, 7);
        let future = tasks.spawn_on("late", async { 8 }, &tokio::runtime::Handle::current()).unwrap_err();
        assert_eq!(future.into_inner().await, 8);
        assert_eq!(tasks.spawn_blocking("late", || 9).unwrap_err().into_inner()(), 9);
        assert!(tasks.is_empty());
    }

    /// Spawns race with the close, on several threads: each that was let in has ended when the wait returns, and after a
    /// refusal nobody is let in (the race of tokio#6759).
    #[test]
    fn closed_and_empty_is_for_good() {
        let runtime = two_workers();
        for _ in 0..200 {
            let tasks = Tasks::new();
            let (started, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let spawners: Vec<_> = (0..3)
                .map(|_| {
                    let (tasks, started, ended) = (tasks.clone(), Arc::clone(&started), Arc::clone(&ended));
                    let runtime = runtime.handle().clone();
                    std::thread::spawn(move || {
                        let mut refused = false;
                        for _ in 0..200 {
                            let ended = Arc::clone(&ended);
                            let future = async move {
                                ended.fetch_add(1, Ordering::SeqCst);
                            };
                            match tasks.spawn_on("racer", future, &runtime) {
                                Ok(_) => {
                                    assert!(!refused, "let in after a refusal");
                                    started.fetch_add(1, Ordering::SeqCst);
                                }
                                Err(_) => refused = true,
                            }
                        }
                    })
                })
                .collect();
            let ended_when_empty = runtime.block_on(async {
                tasks.close();
                tasks.wait().await;
                ended.load(Ordering::SeqCst)
            });
            spawners.into_iter().for_each(|spawner| spawner.join().unwrap());
            assert_eq!(ended_when_empty, started.load(Ordering::SeqCst));
        }
    }

    #[test]
    fn a_spawn_that_panics_leaves_nothing_behind() {
        let tasks = Tasks::new();
        let spawned = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| tasks.spawn("nowhere", async {})));
        assert!(spawned.is_err(), "there is no runtime");
        assert!(tasks.is_empty());
    }
}

mod the_wait {
    use super::*;

    #[tokio::test]
    async fn tasks_that_listen_to_their_token_stop_by_themselves() {
        let tasks = Tasks::new();
        let token = tasks.token();
        tasks.spawn("listens", async move { token.cancelled().await }).unwrap();
        let group = tasks.clone();
        tasks.spawn("asks the group", async move { group.cancelled().await }).unwrap();
        let token = tasks.token();
        tasks
            .spawn_blocking("blocks", move || {
                while !token.is_cancelled() {
                    std::thread::yield_now();
                }
            })
            .unwrap();
        assert_eq!(tasks.len(), 3);
        assert_eq!(said(&shut_down(&tasks).await), ("stopped".to_owned(), String::new()));
        assert!(tasks.is_empty());
    }

    #[tokio::test]
    async fn a_token_of_one_task_is_not_the_others() {
        let tasks = Tasks::new();
        let (mine, yours) = (tasks.token(), tasks.token());
        mine.cancel();
        assert!(!yours.is_cancelled());
        let _ = shut_down(&tasks).await;
        assert!(yours.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn names_and_places() {
        let tasks = Tasks::new();
        let place = Location::caller();
        tasks.spawn(format!("feed-{}", 2), pending::<()>()).unwrap();
        tasks.spawn("feed-1", pending::<()>()).unwrap();
        let names = tasks.names();
        assert_eq!(names.iter().map(|task| task.name()).collect::<Vec<_>>(), ["feed-1", "feed-2"]);
        assert_eq!(names[1].location().file(), place.file());
        assert_eq!(names[1].location().line(), place.line() + 1);
        assert_eq!(names[1].to_string(), format!("`feed-2` ({})", names[1].location()));
        assert!(format!("{tasks:?}").contains("len: 2, closed: false"));
        let _ = force(&tasks).await;
    }

    /// Enough of them to be in several shards of the books; the last is in none of the first.
    #[tokio::test]
    async fn the_last_of_many_is_waited_for() {
        let (tasks, token) = (Tasks::new(), CancellationToken::new());
        for _ in 0..3000 {
            tasks.spawn("one of many", token.clone().cancelled_owned()).unwrap();
        }
        let (end, ended) = oneshot::channel::<()>();
        tasks.spawn("last", async move { ended.await.is_ok() }).unwrap();
        tasks.close();
        let waiter = tokio::spawn({
            let tasks = tasks.clone();
            async move { tasks.wait().await }
        });
        token.cancel();
        while tasks.len() > 1 {
            tokio::task::yield_now().await;
        }
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        end.send(()).unwrap();
        tokio::time::timeout(GENEROUS, waiter).await.unwrap().unwrap();
    }

    /// Several wait at once, and one of them gives up.
    #[tokio::test]
    async fn everybody_who_waits_is_woken() {
        let tasks = Tasks::new();
        let mut ends = Vec::new();
        for _ in 0..20 {
            let (end, ended) = oneshot::channel::<()>();
            tasks.spawn("until told", async move { drop(ended.await) }).unwrap();
            ends.push(end);
        }
        let waiters: Vec<_> = (0..3)
            .map(|_| {
                let tasks = tasks.clone();
                tokio::spawn(async move { tasks.wait().await })
            })
            .collect();
        tokio::task::yield_now().await;
        waiters[0].abort();
        tasks.close();
        for end in ends {
            tokio::task::yield_now().await;
            assert!(!waiters[1].is_finished() && !waiters[2].is_finished());
            end.send(()).unwrap();
        }
        let mut waiters = waiters.into_iter();
        assert!(waiters.next().unwrap().await.unwrap_err().is_cancelled());
        for waiter in waiters {
            tokio::time::timeout(GENEROUS, waiter).await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn an_empty_group_is_waited_for_until_it_is_closed() {
        let tasks = Tasks::new();
        let waiter = tokio::spawn({
            let tasks = tasks.clone();
            async move { tasks.wait().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        tasks.close();
        tokio::time::timeout(GENEROUS, waiter).await.unwrap().unwrap();
    }

    /// A task belongs to its group until its future was dropped.
    #[tokio::test]
    async fn a_future_is_dropped_before_its_task_has_ended() {
        struct Seen(Tasks, Arc<Mutex<Vec<usize>>>);
        impl Drop for Seen {
            fn drop(&mut self) {
                self.1.lock().unwrap().push(self.0.len());
            }
        }
        let (tasks, seen) = (Tasks::new(), Arc::default());
        for _ in 0..2 {
            let held = Seen(tasks.clone(), Arc::clone(&seen));
            tasks.spawn("holds", async move { drop(held) }).unwrap();
            let held = Seen(tasks.clone(), Arc::clone(&seen));
            let endless = async move {
                pending::<()>().await;
                drop(held);
            };
            let task = tasks.spawn("aborted", endless).unwrap();
            tokio::task::yield_now().await;
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        }
        assert!(seen.lock().unwrap().iter().all(|&len| len > 0));
        assert_eq!(seen.lock().unwrap().len(), 4);
        assert!(tasks.is_empty());
    }

    #[test]
    fn tasks_end_with_their_runtime() {
        let (tasks, runtime) = (Tasks::new(), two_workers());
        for _ in 0..20 {
            tasks.spawn_on("parked", pending::<()>(), runtime.handle()).unwrap();
        }
        let handle = runtime.handle().clone();
        drop(runtime);
        assert!(tasks.is_empty());
        drop(tasks.spawn_on("too late", pending::<()>(), &handle).unwrap());
        assert!(tasks.is_empty());
        let report = Owner::of(&tasks).shutdown_blocking().unwrap_err().into_report();
        let (outcome, _) = said(&report);
        let dropped = "failed: dropped by its runtime before it ended: 20 of `parked` (";
        assert!(outcome.starts_with(dropped) && outcome.contains(", `too late` ("), "{outcome}");
    }

    #[test]
    fn under_the_blocking_driver() {
        let (tasks, runtime) = (Tasks::new(), two_workers());
        let token = tasks.token();
        tasks.spawn_on("listens", async move { token.cancelled().await }, runtime.handle()).unwrap();
        assert!(Owner::of(&tasks).shutdown_blocking().unwrap().is_clean());
    }
}

mod the_force {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_late_task_is_aborted_and_named() {
        let tasks = Tasks::new();
        let task = tasks.spawn("deaf", pending::<()>()).unwrap();
        let place = tasks.names()[0].location();
        for _ in 0..3 {
            tasks.spawn("crowd", pending::<()>()).unwrap();
        }
        let report = force(&tasks).await;
        let (outcome, detail) = said(&report);
        assert_eq!(outcome, "forced", "{report}");
        assert!(detail.starts_with("aborted 3 of `crowd` ("), "{detail}");
        assert!(detail.ends_with(&format!(", `deaf` ({place})")), "{detail}");
        assert!(task.await.unwrap_err().is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn ten_are_named_and_the_rest_counted() {
        let tasks = Tasks::new();
        for i in 0..100 {
            tasks.spawn(format!("task-{i:02}"), pending::<()>()).unwrap();
        }
        let (_, detail) = said(&force(&tasks).await);
        assert!(detail.starts_with("aborted `task-00` ("), "{detail}");
        assert!(detail.contains("`task-09`") && !detail.contains("`task-10`"), "{detail}");
        assert!(detail.ends_with(", and 90 more"), "{detail}");
    }

    #[tokio::test]
    async fn what_blocks_a_thread_and_does_not_listen_is_abandoned_by_name() {
        let tasks = Tasks::new();
        let (release, stuck) = mpsc::channel::<()>();
        let (begun, begins) = oneshot::channel();
        let task = tasks.spawn_blocking("import", move || begun.send(()).is_ok() && stuck.recv().is_ok()).unwrap();
        begins.await.unwrap();
        tasks.spawn("deaf", pending::<()>()).unwrap();
        let place = tasks.names().into_iter().find(|task| task.name() == "import").unwrap();
        let report = force(&tasks).await;
        let (outcome, detail) = said(&report);
        assert_eq!(outcome, format!("abandoned: still running: {place}"), "{report}");
        assert!(detail.contains("aborted `deaf`"), "{detail}");
        assert!(detail.contains(&format!("cannot be aborted once they run: {place}")), "{detail}");
        assert_eq!(tasks.len(), 1, "the report does not lie");
        drop(release);
        assert!(!task.await.unwrap());
    }

    /// One thread for all of them: the second closure has not begun when it is aborted.
    #[test]
    fn what_still_waits_for_a_thread_is_never_run() {
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            let tasks = Tasks::new();
            let (release, stuck) = mpsc::channel::<()>();
            let (begun, begins) = oneshot::channel();
            tasks.spawn_blocking("first", move || begun.send(()).is_ok() && stuck.recv().is_ok()).unwrap();
            begins.await.unwrap();
            let second = tasks.spawn_blocking("second", || panic!("it was run")).unwrap();
            let report = force(&tasks).await;
            drop(release);
            assert!(said(&report).0.starts_with("abandoned: still running: `first`"), "{report}");
            assert!(second.await.unwrap_err().is_cancelled());
        });
    }

    /// The spawner is between spawn and attach again and again while the group is aborted.
    #[test]
    fn a_spawn_that_races_with_the_abort_is_aborted_too() {
        let runtime = two_workers();
        for _ in 0..30 {
            let tasks = Tasks::new();
            let spawner = {
                let (tasks, runtime) = (tasks.clone(), runtime.handle().clone());
                std::thread::spawn(move || {
                    while tasks.spawn_on("parked", pending::<()>(), &runtime).is_ok() {
                        if tasks.len() > 20_000 {
                            std::thread::yield_now();
                        }
                    }
                })
            };
            let (mut handle, mut progress) = (&tasks, sundown::Progress::new("tasks"));
            sundown::Teardown::request(&mut handle, &mut progress);
            sundown::Teardown::force(&mut handle, &mut progress);
            runtime.block_on(async { tokio::time::timeout(GENEROUS, tasks.wait()).await }).unwrap();
            spawner.join().unwrap();
        }
    }
}

#[path = "tasks/panics.rs"]
mod panics;

#[path = "tasks/until_stopped.rs"]
mod until_stopped;

mod within {
    use super::*;

    /// It would wait for itself; the others are waited for.
    #[tokio::test(start_paused = true)]
    async fn a_task_that_shuts_its_own_group_down_is_named() {
        let tasks = Tasks::new();
        let mut ends = Vec::new();
        for _ in 0..20 {
            let (end, ended) = oneshot::channel::<()>();
            tasks.spawn("other", async move { ended.await.is_ok() }).unwrap();
            ends.push(end);
        }
        let group = tasks.clone();
        let task = tasks.spawn("suicidal", async move { shut_down(&group).await }).unwrap();
        for end in ends {
            tokio::task::yield_now().await;
            assert!(!task.is_finished());
            end.send(()).unwrap();
        }
        let report = task.await.expect("it was not aborted");
        let (outcome, _) = said(&report);
        assert!(outcome.starts_with("abandoned: `suicidal` ("), "{report}");
        assert!(outcome.ends_with("shuts down its own group"), "{report}");
        assert_eq!(report.took(), Duration::ZERO, "it did not wait for the deadline");
    }

    /// As above, and another one is late: the force spares the one that forces.
    #[tokio::test(start_paused = true)]
    async fn a_task_does_not_abort_itself() {
        let tasks = Tasks::new();
        tasks.spawn("deaf", pending::<()>()).unwrap();
        let group = tasks.clone();
        let task = tasks.spawn("suicidal", async move { force(&group).await }).unwrap();
        let report = task.await.expect("it was not aborted");
        let (outcome, detail) = said(&report);
        assert!(outcome.starts_with("abandoned: `suicidal` ("), "{report}");
        assert!(detail.starts_with("aborted `deaf`") && !detail.contains("suicidal"), "{detail}");
    }

    #[test]
    fn a_blocking_task_that_shuts_its_own_group_down_is_named() {
        let runtime = two_workers();
        let tasks = Tasks::new();
        let _entered = runtime.enter();
        let group = tasks.clone();
        let task = tasks.spawn_blocking("suicidal", move || Owner::of(&group).shutdown_blocking()).unwrap();
        let error = runtime.block_on(task).unwrap().unwrap_err();
        assert!(said(error.report()).0.starts_with("abandoned: `suicidal` ("), "{error}");
    }
}

#[tokio::test]
async fn the_registry_knows_a_group_while_it_has_a_handle_or_a_task() {
    let tasks = Tasks::new();
    let token = tasks.token();
    let task = tasks.spawn("listens", async move { token.cancelled().await }).unwrap();
    let line = tasks.names()[0].location().line() - 2;
    let ours = |row: &&registry::Row| row.name == "Tasks" && row.created.contains(&format!(":{line}:"));
    assert_eq!(registry::snapshot().rows().iter().find(ours).map(|row| row.phase), Some(Phase::Live));
    tasks.close();
    assert_eq!(registry::snapshot().rows().iter().find(ours).map(|row| row.phase), Some(Phase::Stopping));
    drop(tasks);
    assert!(registry::snapshot().rows().iter().any(|row| ours(&row)), "it has a task");
    task.abort();
    let _ = task.await;
    assert!(!registry::snapshot().rows().iter().any(|row| ours(&row)), "nobody has it any more");
}

#[tokio::test]
async fn the_last_handle_requests_and_aborts_nothing() {
    let tasks = Tasks::new();
    let token = tasks.token();
    let listens = tasks.spawn("listens", async move { token.cancelled().await }).unwrap();
    let (release, released) = oneshot::channel::<()>();
    let deaf = tasks.spawn("deaf", released).unwrap();
    let token = tasks.token();
    let other = tasks.clone();
    drop(tasks);
    assert!(!token.is_cancelled(), "there is a handle left");
    drop(other);
    assert!(token.is_cancelled());
    listens.await.unwrap();
    release.send(()).unwrap();
    assert!(deaf.await.unwrap().is_ok(), "it ran on until it was ready");
}

#[path = "tasks/a_runtime_that_goes_first.rs"]
mod a_runtime_that_goes_first;

/// `tasks.spawn(…)?` in a service's own function: the error is `Send`, `Sync` and `'static` for every future that can
/// be spawned, also for one that is not `Sync`, as most of those that talk to a database.
#[tokio::test]
async fn what_a_closed_group_gives_back_is_an_error_for_anyhow() {
    fn spawn_all(tasks: &Tasks) -> anyhow::Result<()> {
        let not_sync = || async {
            let cell = std::cell::Cell::new(1);
            tokio::task::yield_now().await;
            anyhow::Ok(cell.get())
        };
        tasks.spawn("a", not_sync())?;
        tasks.spawn_on("b", not_sync(), &tokio::runtime::Handle::current())?;
        tasks.try_spawn("c", not_sync())?;
        let cell = std::cell::Cell::new(1);
        tasks.spawn_blocking("d", move || cell.get())?;
        Ok(())
    }
    let tasks = Tasks::new();
    spawn_all(&tasks).unwrap();
    tasks.close();
    tasks.wait().await;
    assert_eq!(spawn_all(&tasks).unwrap_err().to_string(), "the group of tasks is closed");

    let closed = tasks.spawn("e", async { 5 }).unwrap_err();
    assert_eq!((format!("{closed:?}"), closed.into_inner().await), ("Closed { .. }".to_owned(), 5));
}
