//! `runner serve` and the signals.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{HALF_WAY, Serving, folder, notices, query};

#[test]
fn sigterm_stops_in_order_and_leaves_consistent_rows() {
    let folder = folder();
    let serving = Serving::start(folder.path(), &["--workers", "3"]);
    serving.feed(&[r#"{"kind":"wait","ms":3600000}"#, r#"{"kind":"import","rows":120}"#, "not a job"]);
    assert!(serving.ended(2).contains("120 rows"));
    serving.post(r#"{"kind":"count","file":"no such file"}"#);
    assert!(serving.ended(4).contains("No such file"));
    // Under way when the signal comes, for longer than the runner may take.
    serving.post(r#"{"kind":"import","rows":1000000}"#);

    serving.signal("TERM");
    let (status, output) = serving.exit();
    assert_eq!(status.code(), Some(0), "{output}");
    assert!(output.contains("Runner stopped after"), "{output}");

    assert_eq!(query(folder.path(), HALF_WAY), 0);
    assert_eq!(query(folder.path(), "SELECT count(*) FROM jobs"), 5);
    assert_eq!(query(folder.path(), "SELECT count(*) FROM jobs WHERE state = 'queued'"), 2, "the wait and the import");
    assert_eq!(query(folder.path(), "SELECT count(*) FROM jobs WHERE state = 'failed'"), 2, "no job, no such file");
    assert_eq!(query(folder.path(), "SELECT count(*) FROM ledger"), 120);
    let goodbye = last_notice(folder.path());
    assert!(goodbye.starts_with("hook: ") && goodbye.ends_with("notices delivered: 2"), "{goodbye}");
}

#[test]
fn what_is_alive_as_text_and_as_json() {
    let folder = folder();
    let serving = Serving::start(folder.path(), &["--workers", "2"]);
    serving.feed(&[r#"{"kind":"wait","ms":3600000}"#, r#"{"kind":"import","rows":1}"#]);
    assert!(serving.ended(2).contains("done"));
    let text = serving.http("GET /debug/registry HTTP/1.1", "");
    let row = text.lines().find(|line| line.starts_with("runner::runner::Runner ")).expect("the service");
    assert!(row.contains(" owned   live ") && row.contains("examples/runner/src/runner.rs:"), "{text}");
    let json = serving.http("GET /debug/registry HTTP/1.1\r\naccept: application/json", "");
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    let rows = json["rows"].as_array().expect("a list");
    // Its job of an hour.
    assert!(rows.iter().any(|row| row["name"] == "Tasks" && row["tasks"].as_u64() > Some(0)), "{json:#}");
    serving.signal("TERM");
    assert_eq!(serving.exit().0.code(), Some(0));
}

#[test]
fn a_second_signal_forces() {
    let folder = folder();
    let mut serving = Serving::start(folder.path(), &["--stubborn-hook", "--workers", "2"]);
    // Claimed in this order: when the second has ended, the first is stuck.
    serving.feed(&[r#"{"kind":"stuck"}"#, r#"{"kind":"import","rows":1}"#]);
    assert!(serving.ended(2).contains("done"));

    serving.signal("INT");
    serving.line_with("a second signal forces");
    let start = Instant::now();
    serving.signal("INT");
    let (status, output) = serving.exit();
    // Unforced, the stuck job would take almost the two seconds that it has, and the child another.
    assert!(start.elapsed() < Duration::from_millis(1800), "{:?}\n{output}", start.elapsed());
    assert_eq!(status.code(), Some(3), "{output}");
    assert!(output.contains("exit code 3, forced") && output.contains("stuck #1"), "{output}");

    assert_eq!(query(folder.path(), HALF_WAY), 0);
    assert_eq!(query(folder.path(), "SELECT count(*) FROM jobs WHERE id = 1 AND state = 'cancelled'"), 1);
}

#[test]
fn what_a_killed_runner_left_behind_is_queued_again() {
    let folder = folder();
    let wait = "SELECT attempts FROM jobs WHERE id = 1";
    for attempt in 1..=2 {
        let serving = Serving::start(folder.path(), &["--workers", "3"]);
        serving.feed(&[r#"{"kind":"wait","ms":3600000}"#, r#"{"kind":"import","rows":1}"#]);
        // Claimed in order: when the import has ended, job 1 runs.
        assert!(serving.ended(2 * attempt).contains("done"));
        serving.signal("KILL");
        assert!(!serving.exit().0.success());
        assert_eq!(query(folder.path(), wait), attempt);
    }
    assert_eq!(query(folder.path(), "SELECT count(*) FROM jobs WHERE state = 'done'"), 2);
    assert_eq!(query(folder.path(), "SELECT count(*) FROM jobs"), 4, "no line became two jobs");
}

/// Everything waits for an event: over half a second, a runner without work computes next to nothing.
#[test]
#[cfg(target_os = "linux")]
fn a_runner_without_work_is_idle() {
    let folder = folder();
    let serving = Serving::start(folder.path(), &[]);
    serving.feed(&[r#"{"kind":"import","rows":1}"#]);
    assert!(serving.ended(1).contains("done"));
    let before = serving.cpu_ticks();
    std::thread::sleep(Duration::from_millis(500)); // what is measured, not what is hoped for
    let ticks = serving.cpu_ticks() - before;
    assert!(ticks <= 5, "{ticks} hundredths of a second");
}

/// The last line that the hook has written.
fn last_notice(data: &Path) -> String {
    notices(data).lines().last().expect("a line").to_owned()
}
