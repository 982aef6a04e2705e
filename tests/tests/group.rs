//! Members that come and go while the whole runs.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use sundown::{Group, Outcome, Progress, ShutdownGuard, Tasks, Teardown, any_ended, must_shutdown};
use sundown_tests::{GENEROUS, Spy, What, is_pending};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

#[must_shutdown]
struct Tenant {
    #[shutdown]
    task: JoinHandle<io::Result<()>>,
    #[shutdown(after = task)]
    spy: Spy,
    guard: ShutdownGuard<Self>,
}

fn tenant(spy: &Spy, run: impl Future<Output = io::Result<()>> + Send + 'static) -> Tenant {
    Tenant { task: tokio::spawn(run), spy: spy.clone(), guard: ShutdownGuard::new() }
}

#[must_shutdown(timeout = "10s")]
struct Service {
    #[shutdown]
    tenants: Group,
    guard: ShutdownGuard<Self>,
}

/// Lets the tasks of the runtime go on until something is so.
async fn until(what: impl Fn() -> bool) {
    let looked = async {
        while !what() {
            tokio::task::yield_now().await;
        }
    };
    timeout(GENEROUS, looked).await.expect("it comes to that");
}

#[tokio::test]
async fn members_come_and_go_by_name() {
    let group = Group::new("tenants");
    let (a, b) = (Spy::released(), Spy::released());
    group.add("a", a.clone()).unwrap();
    group.add("b", b.clone()).unwrap();
    let refused = group.add("a", Tasks::new()).unwrap_err();
    assert_eq!(refused.to_string(), "the group has a member of that name");
    assert!(!refused.is_closed() && refused.into_inner().is_empty());
    assert_eq!(group.names(), ["a", "b"]);

    let report = group.remove("a").await.unwrap().unwrap();
    assert!(report.find("Group.members[\"a\"]").unwrap().outcome().is_stopped(), "{report}");
    assert_eq!((a.moves(), b.moves()), (vec![What::Requested, What::Ended], vec![]));
    assert!(group.remove("a").await.is_none());
    group.add("a", Tasks::new()).expect("the name is free again");

    let report = group.shutdown().await.unwrap();
    assert_eq!(report.name(), "tenants");
    assert!(report.find("Group.members[\"b\"]").unwrap().outcome().is_stopped(), "{report}");
    assert_eq!(b.moves(), [What::Requested, What::Ended]);
    assert!(group.is_empty());
    let refused = group.add("c", Tasks::new()).unwrap_err();
    assert_eq!(refused.to_string(), "the group is closed");
}

#[tokio::test]
async fn a_member_that_ends_by_itself_leaves() {
    let mut service = Service { tenants: Group::new("tenants"), guard: ShutdownGuard::new() };
    let (end, ended) = oneshot::channel::<()>();
    service.tenants.add("task", tokio::spawn(async { ended.await.unwrap() })).unwrap();
    let (spy, silent) = (Spy::released(), Spy::released());
    let (finish, finished) = oneshot::channel::<()>();
    service.tenants.add("value", tenant(&spy, async { finished.await.map_err(io::Error::other) })).unwrap();
    service.tenants.add("silent", silent.clone()).unwrap();
    end.send(()).unwrap();
    until(|| !service.tenants.contains("task")).await;
    finish.send(()).unwrap();
    until(|| !service.tenants.contains("value")).await;
    assert_eq!(spy.moves(), [What::Requested, What::Ended], "the rest of it is shut down");
    assert_eq!(service.tenants.names(), ["silent"], "nothing tells of its end");
    let report = service.shutdown().await.unwrap();
    assert!(report.find("Service.tenants.members[\"value\"]").is_none(), "{report}");
    assert!(report.find("Service.tenants.members[\"silent\"]").is_some(), "{report}");
}

#[tokio::test]
async fn a_member_that_fails_is_told_to_who_supervises_the_owner() {
    let group = Group::new("tenants");
    let spy = Spy::released();
    group.add("a", tenant(&spy, async { Err(io::Error::other("no disk")) })).unwrap();
    let panicking: JoinHandle<()> = tokio::spawn(async { panic!("boom") });
    let mut progress = Progress::new("Service.tenants");
    let ended = Teardown::watch(&mut &group, &mut progress).await.unwrap();
    assert_eq!(ended.to_string(), "`Service.tenants.members[\"a\"].task` failed: no disk");
    assert!(ended.fails_all());
    assert_eq!(spy.moves(), [What::Requested, What::Ended], "the rest of it is shut down first");
    assert!(group.is_empty());

    group.add("b", panicking).unwrap();
    let ended = group.failed().await;
    assert_eq!(ended.to_string(), "`Group.members[\"b\"]` panicked: boom");
    let report = group.shutdown().await.unwrap();
    let detail = report.find("Group.members").unwrap().detail().unwrap();
    assert_eq!(detail, "before: \"a\".task failed: no disk, \"b\" panicked: boom");
}

#[tokio::test]
async fn the_end_of_a_member_is_awaited() {
    let group = Group::new("tenants");
    timeout(GENEROUS, group.left("a")).await.expect("there is none");
    for result in [Ok(()), Err(io::Error::other("no disk"))] {
        let (spy, (end, ended)) = (Spy::released(), oneshot::channel());
        group.add("a", tenant(&spy, async { ended.await.unwrap() })).unwrap();
        let mut left = Box::pin(group.left("a"));
        assert!(is_pending(&mut left).await);
        end.send(result).unwrap();
        timeout(GENEROUS, left).await.expect("it has ended");
        assert_eq!(spy.moves(), [What::Requested, What::Ended], "the rest of it is shut down first");
        assert!(group.is_empty());
    }

    group.add("removed", Spy::released()).unwrap();
    group.add("closed", Spy::released()).unwrap();
    let (mut removed, mut closed) = (Box::pin(group.left("removed")), Box::pin(group.left("closed")));
    assert!(is_pending(&mut removed).await && is_pending(&mut closed).await);
    group.remove("removed").await.unwrap().unwrap();
    timeout(GENEROUS, removed).await.expect("it was removed");
    assert!(is_pending(&mut closed).await);
    group.shutdown().await.unwrap();
    timeout(GENEROUS, closed).await.expect("the group is shut down");
}

/// The field of the group says what it means.
#[tokio::test]
async fn a_failure_stops_the_whole_or_is_only_reported() {
    #[must_shutdown]
    struct Lenient {
        #[shutdown(on_end = "ignore")]
        tenants: Group,
        guard: ShutdownGuard<Self>,
    }
    let failing = || tenant(&Spy::released(), async { Err(io::Error::other("no disk")) });
    let mut service = Service { tenants: Group::new("tenants"), guard: ShutdownGuard::new() };
    service.tenants.add("a", failing()).unwrap();
    let ended = any_ended(&mut service).await.unwrap();
    assert_eq!(ended.name(), "Service.tenants.members[\"a\"].task");
    assert!(ended.stops_all() && ended.fails_all());
    service.shutdown().await.unwrap();

    let mut lenient = Lenient { tenants: Group::new("tenants"), guard: ShutdownGuard::new() };
    lenient.tenants.add("a", failing()).unwrap();
    let ended = any_ended(&mut lenient).await.unwrap();
    assert_eq!(ended.name(), "Lenient.tenants.members[\"a\"].task");
    assert!(!ended.stops_all());
    lenient.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_member_is_started_again_within_bounds() {
    let (starts, group) = (Arc::new(AtomicUsize::new(0)), Group::new("feeds"));
    let started = Arc::clone(&starts);
    let spy = Spy::released();
    let rest = spy.clone();
    let (began, second) = (Instant::now(), Duration::from_secs(1));
    group
        .restarting("feed", [second, 2 * second], move || {
            let (start, rest) = (started.fetch_add(1, SeqCst), rest.clone());
            async move {
                match start {
                    0 => Err(io::Error::other("not yet")),
                    1 => panic!("in its start"),
                    _ => Ok(tenant(&rest, async { Err(io::Error::other("gone")) })),
                }
            }
        })
        .unwrap();
    let ended = group.failed().await;
    assert_eq!(ended.to_string(), "`Group.members[\"feed\"].task` failed: gone");
    assert_eq!(starts.load(SeqCst), 3);
    assert_eq!(began.elapsed(), 3 * second);
    assert!(group.is_empty());
    assert_eq!(spy.moves(), [What::Requested, What::Ended]);
    let report = group.shutdown().await.unwrap();
    let detail = report.find("Group.members").unwrap().detail().unwrap();
    assert!(detail.contains("not yet") && detail.contains("in its start") && detail.contains("gone"), "{detail}");
}

#[tokio::test(start_paused = true)]
async fn the_attempts_begin_anew_after_a_steady_run() {
    let (starts, group) = (Arc::new(AtomicUsize::new(0)), Group::new("feeds"));
    let started = Arc::clone(&starts);
    group
        .restarting("feed", [Duration::from_secs(1)], move || {
            let lives = Duration::from_secs(if started.fetch_add(1, SeqCst) < 3 { 61 } else { 1 });
            async move {
                let task = async move {
                    tokio::time::sleep(lives).await;
                    Err::<(), _>(io::Error::other("gone"))
                };
                Ok::<_, io::Error>(tokio::spawn(task))
            }
        })
        .unwrap();
    group.failed().await;
    assert_eq!(starts.load(SeqCst), 4, "after each of three that ran for a minute, and of the fourth no more");
    group.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_member_that_has_done_its_work_is_not_started_again() {
    let group = Group::new("jobs");
    group.restarting("job", [Duration::ZERO; 9], || async { Ok::<_, io::Error>(tokio::spawn(async {})) }).unwrap();
    until(|| group.is_empty()).await;
    group.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_member_is_stopped_at_any_point_of_its_life() {
    let group = Group::new("feeds");
    group.restarting("starts", [Duration::ZERO], pending::<io::Result<Tasks>>).unwrap();
    group.restarting("waits", [GENEROUS], || async { Err::<Tasks, _>("no") }).unwrap();
    let spy = Spy::new();
    group.add("ends", tenant(&spy, async { Err(io::Error::other("gone")) })).unwrap();
    // The rest of `ends` is being shut down, by its own task.
    spy.thread_of_async(What::Requested).await;
    let mut shutdown = Box::pin(group.shutdown());
    assert!(is_pending(&mut shutdown).await);
    for _ in 0..10 {
        tokio::task::yield_now().await; // it lets go
    }
    assert!(is_pending(&mut shutdown).await);
    spy.release();
    let error = shutdown.await.unwrap_err();
    let step = error.report().find("Group.members[\"ends\"].task").unwrap();
    assert_eq!(step.outcome().to_string(), "failed: gone");
    assert_eq!(spy.moves(), [What::Requested, What::Ended]);
}

#[tokio::test]
async fn a_nested_group_can_be_stopped_alone() {
    let (outer, inner) = (Group::new("outer"), Group::new("inner"));
    let (a, b) = (Spy::released(), Spy::released());
    inner.add("a", a.clone()).unwrap();
    outer.add("b", b.clone()).unwrap();
    outer.add("inner", inner.clone()).unwrap();
    inner.shutdown().await.unwrap();
    assert_eq!((a.moves().len(), b.moves().len()), (2, 0));
    let report = outer.shutdown().await.unwrap();
    assert!(report.find("Group.members[\"inner\"].members[\"a\"]").is_some(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_nested_group_has_what_is_left_of_the_budget() {
    let mut service = Service { tenants: Group::new("tenants"), guard: ShutdownGuard::new() };
    let (inner, stuck) = (Group::new("inner"), Spy::new());
    inner.add("stuck", stuck.clone()).unwrap();
    service.tenants.add("inner", inner).unwrap();
    let began = Instant::now();
    let report = service.shutdown().await.unwrap_err().into_report();
    let elapsed = began.elapsed();
    assert!(elapsed > Duration::from_secs(9) && elapsed <= Duration::from_secs(10), "{elapsed:?}");
    let step = report.find("Service.tenants.members[\"inner\"].members[\"stuck\"]").unwrap();
    assert!(matches!(step.outcome(), Outcome::Forced), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_member_is_forced_at_once() {
    let group = Group::new("tenants");
    let spy = Spy::new();
    group.add("watched", tenant(&spy, pending())).unwrap();
    tokio::task::yield_now().await; // its task has the value
    let error = group.remove_within("watched", Duration::ZERO).await.unwrap().unwrap_err();
    let report = error.report();
    for part in ["task", "spy"] {
        let step = report.find(&format!("Group.members[\"watched\"].{part}")).unwrap();
        assert!(matches!(step.outcome(), Outcome::Forced), "{report}");
    }
    group.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_removal_that_is_dropped_goes_on() {
    let group = Group::new("tenants");
    let spy = Spy::new();
    group.add("a", spy.clone()).unwrap();
    let mut removal = Box::pin(group.remove("a"));
    while spy.moves().is_empty() {
        assert!(is_pending(&mut removal).await);
        tokio::task::yield_now().await;
    }
    drop(removal);
    assert!(group.contains("a"));
    spy.release();
    group.remove("a").await.unwrap().unwrap();
    assert_eq!(spy.moves(), [What::Requested, What::Ended]);
    group.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_last_handle_leaves_its_members_to_the_reaper() {
    let group = Group::new("tenants");
    let spy = Spy::new();
    group.add("a", spy.clone()).unwrap();
    drop(group);
    spy.thread_of_async(What::Requested).await;
    spy.release();
    spy.thread_of_async(What::Ended).await;
}

/// Members that are added, end and are removed at the same time: each has one teardown, and none is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn members_that_come_end_and_go_at_the_same_time() {
    let group = Group::new("tenants");
    let spies: Vec<Spy> = (0..400).map(|_| Spy::released()).collect();
    let tasks: Vec<_> = spies
        .chunks(100)
        .enumerate()
        .map(|(part, spies)| {
            let (group, spies) = (group.clone(), spies.to_vec());
            tokio::spawn(async move {
                for (i, spy) in spies.iter().enumerate() {
                    let name = format!("{part}-{i}");
                    let added = match i % 2 {
                        0 => group.add(&*name, tenant(spy, pending())),
                        _ => group.add(&*name, tenant(spy, async { Ok(()) })),
                    };
                    added.expect("each has a name of its own");
                    if i % 4 < 2 {
                        let _ = group.remove_within(&name, Duration::from_millis(20)).await;
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let _ = group.shutdown_within(Duration::from_millis(500)).await;
    assert!(group.is_empty());
    for spy in spies {
        let moves = spy.moves();
        assert_eq!(moves.iter().filter(|what| **what == What::Ended).count(), 1, "{moves:?}");
    }
}
