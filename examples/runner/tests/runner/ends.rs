//! A runner that ends without a signal.

use std::fs;

use crate::support::{HALF_WAY, Serving, folder, notices, query};

#[test]
fn a_loop_that_fails_stops_the_service_in_order() {
    let folder = folder();
    let serving = Serving::start(folder.path(), &["--workers", "2"]);
    serving.feed(&[r#"{"kind":"import","rows":120}"#]);
    assert!(serving.ended(1).contains("120 rows"));
    serving.post(r#"{"kind":"wait","ms":3600000}"#);

    fs::remove_file(folder.path().join("inbox.jsonl")).expect("the inbox is there");
    let (status, output) = serving.exit();
    assert_eq!(status.code(), Some(1), "{output}");
    let line = |name: &str| output.lines().find(|line| line.contains(name)).expect("a step of the report");
    assert!(line("- Runner.inbox ").contains(" failed ") && line("- Runner.hook ").contains(" stopped "), "{output}");
    assert_eq!(query(folder.path(), HALF_WAY), 0);
    assert_eq!(query(folder.path(), "SELECT count(*) FROM jobs WHERE state = 'queued'"), 1, "the wait");
    assert_eq!(query(folder.path(), "SELECT count(*) FROM ledger"), 120);
    let notices = notices(folder.path());
    assert!(notices.starts_with("done 1 ") && notices.contains("\nhook: "), "{notices}");
}
