//! What a report looks like: as a tree, as one line of an error, as JSON.

#[path = "report/svg.rs"]
mod svg;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use sundown::{Failure, Outcome, Report, ShutdownGuard, must_shutdown};
use sundown_tests::Spy;
use tokio_util::sync::CancellationToken;

#[derive(Debug)]
struct Outer(std::io::Error);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool did not close")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn by_hand() -> Report {
    let failed = Outcome::from_result(Err::<(), _>(Outer(std::io::Error::other("the disk is full"))));
    Report::new("Runner")
        .step("Runner.stop", Outcome::Stopped, ms(0))
        .step("Runner.jobs", Outcome::Forced, ms(2_500))
        .step("Runner.db", failed, ms(30))
        .step("Runner.tail", Outcome::abandoned("it ignores\nits signal"), ms(5_000))
        .taking(ms(7_530))
}

#[test]
fn the_tree() {
    let expected = "\
Runner abandoned after 7.5 s
|- Runner.stop  stopped      0.0 ms
|- Runner.jobs  forced        2.5 s
|- Runner.db    failed      30.0 ms  the pool did not close: the disk is full
`- Runner.tail  abandoned     5.0 s  it ignores its signal";
    assert_eq!(by_hand().to_string(), expected);
}

#[test]
fn the_line() {
    let error = by_hand().into_result().unwrap_err();
    assert_eq!(
        error.to_string(),
        "`Runner` did not shut down cleanly: `Runner.jobs` forced, `Runner.db` failed: the pool did not close: the disk \
         is full, `Runner.tail` abandoned: it ignores its signal"
    );
    assert_eq!(error.clone().into_report().to_string(), error.report().to_string());
}

#[test]
fn the_source_chain_is_kept() {
    let report = by_hand();
    let Outcome::Failed(failure) = report.find("Runner.db").unwrap().outcome() else { panic!("it failed") };
    assert!(failure.error().downcast_ref::<Outer>().is_some(), "the error itself, to downcast");
    let source = failure.error().source().and_then(|source| source.downcast_ref::<std::io::Error>());
    assert_eq!(source.unwrap().to_string(), "the disk is full");
    assert_eq!(failure.chain().collect::<Vec<_>>(), ["the pool did not close", "the disk is full"]);
    assert_eq!(Failure::new("just a text").to_string(), "just a text");
}

#[test]
fn the_json() {
    let json = serde_json::to_value(by_hand()).unwrap();
    assert_eq!(json["name"], "Runner");
    assert_eq!(json["steps"][0]["outcome"], "stopped");
    assert_eq!(json["steps"][2]["error"], serde_json::json!(["the pool did not close", "the disk is full"]));
    assert_eq!(json["steps"][3]["reason"], "it ignores\nits signal");
}

#[must_shutdown(name = "service", timeout = "10s")]
struct Service {
    #[shutdown]
    stop: CancellationToken,
    #[shutdown(after = stop)]
    nested: Vec<Spy>,
    guard: ShutdownGuard<Self>,
}

#[tokio::test]
async fn the_tree_of_a_real_value() {
    let spy = Spy::new();
    spy.release();
    let line = line!() + 1;
    let mut service = Service { stop: CancellationToken::new(), nested: vec![spy], guard: ShutdownGuard::new() };
    let report = service.shutdown().await.unwrap();
    let tree = report.to_string();
    let lines: Vec<_> = tree.lines().collect();
    assert!(lines[0].starts_with("service stopped after "), "{tree}");
    let created = format!("report.rs:{line}:");
    assert!(lines[0].contains("(limit 10.0 s), created at ") && lines[0].contains(&created), "{tree}");
    assert!(lines[1].starts_with("|- service.stop          stopped "), "{tree}");
    assert!(lines[2].starts_with("`- service.nested        stopped "), "{tree}");
    assert!(lines[3].starts_with("   `- service.nested[0]  stopped "), "{tree}");
    let json = serde_json::to_value(&report).unwrap();
    assert!(json["created"].as_str().unwrap().contains("report.rs"));
}
