//! One, two and three signals.

use std::time::{Duration, Instant};

use libc::{SIGINT, SIGTERM};

use super::running::Running;

#[test]
fn a_signal_stops_in_order_and_prints_the_report() {
    for (signal, name) in [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")] {
        let service = Running::until(&["reports"], "started");
        service.signal(signal);
        let ended = service.ended().expect(
            0,
            &[
                &format!("sundown: stopped: {name}; exit code 0"),
                "not ready",
                "settled",
                "code 0 forced false phases 3",
                "Service stopped after",
                "(limit 25.0 s)",
                "stop accepting",
                "drain",
            ],
        );
        assert!(ended.output.find("draining") < ended.output.find("closing"), "{ended:#?}");
    }
}

#[test]
fn the_number_of_the_signal_on_request() {
    for (signal, code) in [(SIGTERM, 143), (SIGINT, 130)] {
        let service = Running::until(&["signal-codes"], "started");
        service.signal(signal);
        service.ended().expect(code, &["settled"]);
    }
}

/// Not ready, and served all the same until the wait is over.
#[test]
fn load_balancers_have_the_time_to_notice() {
    let mut service = Running::until(&["unready=2000", "drain=10"], "started");
    let signalled = Instant::now();
    service.signal(SIGTERM);
    let before = service.says("draining");
    assert!(before.contains("unready\n") && before.contains("not ready\n"), "{before}");
    assert!(signalled.elapsed() >= Duration::from_secs(2), "{:?}", signalled.elapsed());
    service.ended().expect(0, &["not ready", "of 2.0 s"]);
}

/// Of the grace the drain has all but the sixth that is reserved for those behind it, and those have what it leaves; on a
/// busy machine a little less.
#[test]
fn the_grace_belongs_to_the_drain() {
    let service = Running::until(&["grace=30000"], "started");
    service.signal(SIGTERM);
    let ended = service.ended().expect(0, &["settled"]);
    let share = |phase: &str| {
        let line = ended.report.lines().find(|line| line.trim_start().starts_with(&format!("{phase}  ")));
        let (_, share) =
            line.and_then(|line| line.rsplit_once(" of ")).unwrap_or_else(|| panic!("{phase}: {ended:#?}"));
        share.strip_suffix(" s").and_then(|seconds| seconds.parse::<f64>().ok()).expect("a number of seconds")
    };
    assert!((15.0..=25.0).contains(&share("drain")), "{ended:#?}");
    assert!((15.0..=30.0).contains(&share("stop")), "{ended:#?}");
}

/// The stuck job would have 20 s, and the child that ignores SIGTERM what is left of them.
#[test]
fn a_second_signal_forces_in_order_and_still_closes() {
    let mut service = Running::until(&["stuck", "stubborn-child", "close=100", "forced=6000", "reports"], "started");
    service.signal(SIGTERM);
    service.says("draining");
    let second = Instant::now();
    service.signal(SIGINT);
    let ended = service.ended().within(Duration::from_secs(16), second);
    let ended = ended.expect(3, &["exit code 3, forced", "aborted `stuck`", "settled", "code 3 forced true phases 3"]);
    assert!(ended.report.contains("Service.store") && ended.report.contains("killed"), "{ended:#?}");
}

/// What was requested has had its time, and does not get that of the forced shutdown too.
#[test]
fn a_second_signal_aborts_at_once_what_was_requested() {
    let mut service = Running::until(&["stuck", "forced=20000", "close=100"], "started");
    service.signal(SIGTERM);
    service.says("draining");
    let second = Instant::now();
    service.signal(SIGTERM);
    service.ended().within(Duration::from_secs(10), second).expect(3, &["aborted `stuck`", "settled"]);
}

/// A `with` may be about to save something.
#[test]
fn a_second_signal_leaves_its_time_to_what_closes() {
    let mut service = Running::until(&["forced=20000", "close=1000"], "started");
    service.signal(SIGTERM);
    service.says("closing");
    service.signal(SIGTERM);
    service.ended().expect(0, &["exit code 0, forced", "settled"]);
}

#[test]
fn a_second_signal_ends_the_wait_for_load_balancers() {
    let mut service = Running::until(&["unready=20000"], "started");
    service.signal(SIGTERM);
    service.says("unready");
    let second = Instant::now();
    service.signal(SIGTERM);
    service.ended().within(Duration::from_secs(10), second).expect(0, &["settled", "of 20.0 s"]);
}

#[test]
fn a_third_signal_exits_at_once() {
    let mut service = Running::until(&["stuck", "forced=15000", "close=14000"], "started");
    service.signal(SIGTERM);
    service.says("draining");
    service.signal(SIGINT);
    // The forced shutdown has begun, and takes longer than anybody waits.
    service.says("closing");
    let third = Instant::now();
    service.signal(SIGTERM);
    service.ended().within(Duration::from_secs(8), third).expect(143, &["SIGTERM, for the third time: exit"]);
}

/// All workers are busy, and none of them turns the I/O driver of the runtime.
#[test]
fn signals_are_heard_while_every_worker_is_blocked() {
    let service = Running::until(&["blocks-workers", "grace=500"], "started");
    let signalled = Instant::now();
    service.signal(SIGTERM);
    let ended = service.ended().within(Duration::from_secs(10), signalled);
    assert!(ended.report.contains("stopped: SIGTERM; exit code"), "{ended:#?}");
}

/// A function of the user's that never returns, on the thread of `main`.
#[test]
fn a_main_thread_that_is_stuck_is_ended_after_the_budget() {
    let mut service = Running::until(&["close-blocks", "grace=300"], "started");
    let signalled = Instant::now();
    service.signal(SIGTERM);
    service.says("closing");
    let ended = service.ended().within(Duration::from_secs(15), signalled);
    ended.expect(4, &["the budget is used up", "a call of it blocks its thread"]);
}

#[test]
fn a_main_thread_that_is_stuck_is_ended_by_a_third_signal() {
    let mut service = Running::until(&["close-blocks"], "started");
    service.signal(SIGTERM);
    service.says("closing");
    let third = Instant::now();
    // Of a signal that is pending another one is none: so they take turns, until it has ended.
    while third.elapsed() < Duration::from_secs(10) && !service.has_ended() {
        service.signal(SIGINT);
        service.signal(SIGTERM);
        std::thread::yield_now();
    }
    let ended = service.ended();
    assert!([130, 143].contains(&ended.code()) && ended.report.contains("third time"), "{ended:#?}");
}

/// The hook of a thread, which was started before, never returns.
#[test]
fn a_child_does_not_outlive_a_process_that_is_ended() {
    let mut service = Running::start(&["others", "close-blocks", "grace=300"]);
    let before = service.says("started");
    let child = before.lines().find_map(|line| line.strip_prefix("child ")).expect("it has a child");
    service.signal(SIGTERM);
    service.says("closing");
    service.ended().expect(4, &["the budget is used up", "Process `other`", "Thread `blocks`"]);
    // Init reaps it, or nobody does.
    let runs = || {
        let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
    };
    let since = Instant::now();
    while runs() {
        assert!(since.elapsed() < Duration::from_secs(30), "{child} still runs");
        std::thread::sleep(Duration::from_millis(10));
    }
}
