//! What a root says while it shuts down: on standard error, or to a tracing subscriber.

use libc::{SIGINT, SIGTERM};

use super::running::Running;

#[test]
fn a_root_prints_what_it_waits_for() {
    let mut service = Running::until(&["stuck", "grace=60000"], "started");
    service.signal(SIGTERM);
    service.prints("sundown: shutting down: SIGTERM, within 60.0 s");
    service.prints("s left: waiting for `Service.jobs`: `stuck` (tests/src/bin/service/service.rs:");
    service.signal(SIGINT);
    service.prints("sundown: forcing the shutdown, within 2.0 s");
    // Forced, or abandoned where a busy machine has not confirmed it in time.
    let ended = service.ended();
    assert!([3, 4].contains(&ended.code()) && ended.report.contains("stopped: SIGTERM; exit code "), "{ended:#?}");
    let line = ended.report.lines().find(|line| line.contains("still shutting down after")).expect("it has said so");
    assert!(line.contains("), task "), "{ended:#?}");
    assert_eq!(ended.report.matches("created at tests/src/bin/service").count(), 1, "{ended:#?}");
}

#[test]
fn a_root_that_is_listened_to_prints_its_report_alone() {
    let mut service = Running::until(&["stuck", "grace=60000", "listens"], "started");
    service.signal(SIGTERM);
    let line = service.says_with("still shutting down");
    assert!(line.contains(" INFO ") && line.contains(" sundown: "), "{line}");
    assert!(line.contains("waiting_for=\"`Service.jobs`: `stuck` (tests/src/bin/service/service.rs:"), "{line}");
    service.signal(SIGINT);
    let ended = service.ended();
    assert!(ended.output.contains("forcing the shutdown within_ms=2000.0"), "{ended:#?}");
    assert!(ended.report.starts_with("sundown: stopped: SIGTERM; exit code "), "{ended:#?}");
    assert!(!ended.output.contains("report="), "it is printed: {ended:#?}");
}

#[test]
fn a_quick_shutdown_has_no_line() {
    let service = Running::until(&[], "started");
    service.signal(SIGTERM);
    let ended = service.ended().expect(0, &["sundown: stopped: SIGTERM"]);
    assert!(ended.report.starts_with("sundown: shutting down: SIGTERM, within 25.0 s\n"), "{ended:#?}");
    // On a machine that is very busy it is not quick.
    let of_report = ended.report.lines().find(|line| line.starts_with("Service stopped after ")).expect("its report");
    assert!(!of_report.contains(" ms (limit") || !ended.report.contains("still"), "{ended:#?}");
}
