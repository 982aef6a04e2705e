//! What the user's code does to the root's own thread: it blocks it, or panics where something of its is dropped.

use std::time::{Duration, Instant};

use libc::{SIGINT, SIGTERM};

use super::running::Running;

/// The budget begins with the signal: the thread that would begin the shutdown does not hear of it.
#[test]
fn a_start_that_blocks_its_thread_is_ended_after_the_budget() {
    let service = Running::until(&["start-blocks", "grace=300"], "starting");
    let signalled = Instant::now();
    service.signal(SIGTERM);
    let ended = service.ended().within(Duration::from_secs(15), signalled);
    ended.expect(4, &["the budget is used up"]);
}

/// The look at what ends by itself is dropped when a signal comes.
#[test]
fn a_watch_that_panics_when_it_is_dropped() {
    let service = Running::until(&["drops-panic", "grace=3000"], "started");
    service.signal(SIGTERM);
    service.ended().expect(4, &["stopped: SIGTERM; exit code", "a wait was dropped", "settled"]);
}

/// The shutdown that runs is dropped when a second signal comes.
#[test]
fn a_wait_that_panics_when_it_is_dropped() {
    let mut service = Running::until(&["drops-panic"], "started");
    service.signal(SIGTERM);
    service.says("settled");
    service.signal(SIGINT);
    service.ended().expect(4, &["stopped: SIGTERM; exit code", ", forced", "Service.panics"]);
}

/// It would leave nothing for the rest.
#[test]
fn a_wait_for_load_balancers_as_long_as_the_grace_is_cut() {
    let service = Running::until(&["unready=20000", "grace=4000", "drain=10"], "started");
    service.signal(SIGTERM);
    service.ended().expect(0, &["`unready_for`", "half of the grace", "of 2.0 s", "settled"]);
}
