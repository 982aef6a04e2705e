//! The same in Postgres, where one is at hand.

use crate::support::{Serving, folder};

/// `RUNNER_POSTGRES=postgres://user@host/empty-database cargo test -p runner -- --ignored`
#[test]
#[ignore = "needs an empty database, named by RUNNER_POSTGRES"]
fn jobs_run_and_stop_in_postgres() {
    let url = std::env::var("RUNNER_POSTGRES").expect("RUNNER_POSTGRES names a database");
    let folder = folder();
    let serving = Serving::start(folder.path(), &["--database", &url]);
    serving.feed(&[r#"{"kind":"wait","ms":3600000}"#, r#"{"kind":"import","rows":120}"#]);
    assert!(serving.ended(2).contains("120 rows"));
    serving.signal("TERM");
    let (status, output) = serving.exit();
    assert_eq!(status.code(), Some(0), "{output}");

    // The next runner finds the rows as the first has left them: the wait is claimed again.
    let serving = Serving::start(folder.path(), &["--database", &url]);
    serving.post(r#"{"kind":"import","rows":1}"#);
    assert!(serving.ended(3).contains("done"));
    let wait = serving.http("GET /jobs/1 HTTP/1.1", "");
    assert!(wait.contains(r#""state":"running""#) && wait.contains(r#""attempts":2"#), "{wait}");
    serving.signal("TERM");
    assert_eq!(serving.exit().0.code(), Some(0));
}
