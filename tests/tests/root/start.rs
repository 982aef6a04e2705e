//! The start, and the settings of the root.

use std::time::{Duration, Instant};

use libc::SIGTERM;

use super::running::Running;

#[test]
fn a_start_that_fails() {
    let ended = Running::start(&["start-fails"]).ended();
    ended.expect(5, &["stopped: the start failed: no database; exit code 5", "the pool of the start is dropped"]);
}

#[test]
fn a_start_that_panics() {
    let ended = Running::start(&["start-panics"]).ended();
    ended.expect(101, &["the start panicked: no configuration; exit code 101", "the pool of the start is dropped"]);
}

#[test]
fn a_signal_during_the_start_drops_it() {
    let service = Running::until(&["start=60000"], "starting");
    let signalled = Instant::now();
    service.signal(SIGTERM);
    let ended = service.ended().within(Duration::from_secs(10), signalled);
    let ended = ended.expect(0, &["stopped: SIGTERM; exit code 0", "the pool of the start is dropped"]);
    assert!(!ended.output.contains("started\n"), "{ended:#?}");
}

#[test]
fn the_grace_comes_from_the_environment() {
    let arguments = ["grace-from-env", "grace=1", "stuck"];
    let mut service = Running::start_with(&arguments, &[("SERVICE_GRACE", "1500ms")]);
    service.says("started");
    service.signal(SIGTERM);
    service.ended().expect(3, &["(limit 1.5 s)"]);

    let service = Running::start_with(&["grace-from-env", "grace=12340"], &[]);
    let mut service = service;
    service.says("started");
    service.signal(SIGTERM);
    service.ended().expect(0, &["(limit 12.3 s)"]);

    let ended = Running::start_with(&["grace-from-env"], &[("SERVICE_GRACE", "soon")]).ended();
    let ended = ended.expect(5, &["`SERVICE_GRACE` is `soon`, which is no duration such as `25s`"]);
    assert!(!ended.output.contains("starting"), "{ended:#?}");
}
