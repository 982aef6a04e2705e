//! What ends by itself, and what that makes of the exit code.

use std::time::{Duration, Instant};

use super::running::{Ended, Running};

#[track_caller]
fn ends(arguments: &[&str]) -> Ended {
    let begun = Instant::now();
    Running::start(arguments).ended().within(Duration::from_secs(20), begun)
}

#[test]
fn a_job_that_panics_fails_the_process() {
    ends(&["job-panics"])
        .expect(101, &["stopped: `Service.jobs` panicked: `job` (", "): boom; exit code 101", "settled"]);
}

#[test]
fn an_error_that_nobody_waits_for_fails_the_process() {
    ends(&["work-fails"]).expect(1, &["stopped: `Service.work` failed: the disk is full; exit code 1", "settled"]);
}

#[test]
fn the_end_of_its_work_stops_the_process() {
    ends(&["work-ends"]).expect(0, &["stopped: `Service.work` ended; exit code 0", "settled"]);
}

#[test]
fn a_service_that_stops_itself() {
    ends(&["stops-itself"]).expect(0, &["stopped: nothing left to do; exit code 0", "(limit 7.0 s)", "settled"]);
}

#[test]
fn a_service_that_forces_itself() {
    ends(&["forces-itself", "stuck"]).expect(3, &["stopped: forced; exit code 3, forced", "settled"]);
}

/// What is still alive then is a section of the report, whose it is too.
#[test]
fn an_audit_names_what_was_forgotten() {
    let ended = ends(&["stops-itself", "audit", "forgets"]);
    let ended = ended.expect(0, &["still alive: ", "thread `forgotten` (tid ", "process `cat` (pid "]);
    let line = |text: &str| ended.report.lines().find(|line| line.contains(text)).unwrap_or_default().to_owned();
    assert!(line("thread `forgotten`").ends_with("CPU  not tracked by sundown"), "{ended:#?}");
    assert!(line("process `cat`").ends_with("  not tracked by sundown"), "{ended:#?}");
    assert!(line("`sundown-run`").ends_with("sundown's own: the runtime of `run`"), "{ended:#?}");
    assert!(line("`sundown-signals`").ends_with("sundown's own: hears the signals"), "{ended:#?}");
    ends(&["stops-itself", "audit", "start-fails"]).expect(5, &["still alive: "]);
    assert!(!ends(&["stops-itself", "forgets"]).report.contains("still alive"));
}

#[test]
fn what_is_abandoned_has_a_code_of_its_own() {
    ends(&["stops-itself", "close=60000"]).expect(4, &["exit code 4", "Service.store"]);
}
