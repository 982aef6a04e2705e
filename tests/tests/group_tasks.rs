//! What the task of a member of a group meets: no runtime, a panic, a shutdown at the same time.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use sundown::{Group, Tasks};
use sundown_tests::{GENEROUS, Spy};
use tokio::runtime::Builder;
use tokio::time::Instant;

/// The task of a member that is dropped before its first poll has let go of the member all the same.
#[test]
fn a_member_whose_task_never_ran_is_stopped() {
    let group = Group::new("tenants");
    let spy = Spy::released();
    let first = Builder::new_current_thread().enable_all().build().unwrap();
    {
        let _entered = first.enter();
        group.add("a", spy.clone()).unwrap();
        group.restarting("b", [Duration::ZERO], || async { Ok::<_, io::Error>(Tasks::new()) }).unwrap();
    }
    drop(first);
    let second = Builder::new_current_thread().enable_all().build().unwrap();
    second.block_on(async {
        let began = Instant::now();
        group.shutdown_within(2 * GENEROUS).await.unwrap();
        assert!(began.elapsed() < GENEROUS, "{:?}", began.elapsed());
    });
    assert_eq!(spy.moves().len(), 2);
}

#[test]
fn outside_of_a_runtime_nobody_becomes_a_member() {
    let group = Group::new("tenants");
    let added = catch_unwind(AssertUnwindSafe(|| group.add("a", Tasks::new())));
    assert!(added.is_err() && group.is_empty(), "{group:?}");
    let start = || async { Ok::<_, io::Error>(Tasks::new()) };
    let added = catch_unwind(AssertUnwindSafe(|| group.restarting("b", [Duration::ZERO], start)));
    assert!(added.is_err() && group.is_empty(), "{group:?}");
}
