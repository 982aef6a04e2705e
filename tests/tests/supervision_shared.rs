//! A shared value that is watched: by several, and in the report of its shutdown.

use std::sync::Arc;
use std::time::Duration;

use sundown::{ShutdownGuard, Tasks, Thread, any_ended, must_shutdown};
use sundown_tests::{GENEROUS, is_pending};
use tokio::time::timeout;

#[must_shutdown(shared)]
struct Hub {
    #[shutdown]
    tasks: Tasks,
    #[shutdown]
    thread: Thread,
    guard: ShutdownGuard<Self>,
}

/// The second one is not left with nothing to watch.
#[tokio::test]
async fn two_owners_watch_it() {
    let thread = Thread::spawn("long", |stop| stop.wait()).unwrap();
    let mut hub = Arc::new(Hub { tasks: Tasks::new(), thread, guard: ShutdownGuard::new() });
    let (mut other, third) = (Arc::clone(&hub), Arc::clone(&hub));
    let mut first = Box::pin(any_ended(&mut hub));
    assert!(is_pending(&mut first).await);
    let mut second = Box::pin(any_ended(&mut other));
    assert!(is_pending(&mut second).await, "the first one watches");
    drop(first);
    third.tasks.spawn("job", async { panic!("boom") }).unwrap();
    let ended = timeout(GENEROUS, second).await.unwrap().expect("it is its turn");
    assert_eq!(ended.name(), "Hub.tasks");

    let mut first = Box::pin(any_ended(&mut hub));
    assert!(is_pending(&mut first).await);
    let mut second = Box::pin(any_ended(&mut other));
    assert!(is_pending(&mut second).await);
    let _ = third.shutdown_within(Duration::from_secs(10)).await;
    assert!(timeout(GENEROUS, second).await.unwrap().is_none(), "it is over");
}

#[must_shutdown(shared)]
#[cfg(unix)]
struct Parent {
    #[shutdown]
    tasks: Tasks,
    #[shutdown]
    child: sundown::Process,
    guard: ShutdownGuard<Self>,
}

/// What nobody has requested is a failure in the report too, no matter who shuts down.
#[tokio::test]
#[cfg(unix)]
async fn an_end_that_was_watched_is_in_the_report() {
    for still_watched in [false, true] {
        let mut command = tokio::process::Command::new("sh");
        command.args(["-c", "exit 3"]);
        let child = sundown::Process::spawn("worker", command).unwrap();
        let mut parent = Arc::new(Parent { tasks: Tasks::new(), child, guard: ShutdownGuard::new() });
        let ended = timeout(GENEROUS, any_ended(&mut parent)).await.expect("an end is known at once");
        assert!(ended.expect("something can end").fails_all());
        let owner = Arc::clone(&parent);
        let mut watch = Box::pin(any_ended(&mut parent));
        assert!(!still_watched || is_pending(&mut watch).await, "the tasks have no end");
        let error = owner.shutdown().await.unwrap_err();
        assert!(error.to_string().contains("`Parent.child` failed: child `worker`: exit status: 3"), "{error}");
        drop(watch);
    }
}
