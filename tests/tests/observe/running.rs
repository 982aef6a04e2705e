//! What is said of a shutdown while it runs. Its lines are events; what a root prints is in `root/lines.rs`.

use std::future::pending;
use std::time::Duration;

use sundown::{ShutdownGuard, Tasks, Thread, must_shutdown};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::capture::{capture, releases_at};

#[must_shutdown(timeout = "35s", on_drop = "log")]
struct Slow {
    #[shutdown]
    jobs: Tasks,
    #[shutdown]
    task: Option<JoinHandle<()>>,
    #[shutdown]
    inner: Option<Box<Slow>>,
    #[shutdown(after = inner)]
    thread: Option<Thread>,
    guard: ShutdownGuard<Self>,
}

impl Slow {
    fn new() -> Self {
        Slow { jobs: Tasks::new(), task: None, inner: None, thread: None, guard: ShutdownGuard::new() }
    }
}

fn paused() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

/// The lines that have this message.
fn lines<'a>(text: &'a str, message: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.contains(&format!(": {message} "))).collect()
}

/// A field of an event, as the subscriber writes it.
fn millis(line: &str, field: &str) -> f64 {
    let (_, value) = line.split_once(&format!("{field}=")).unwrap_or_else(|| panic!("no {field} in {line}"));
    value.split(' ').next().unwrap().parse().expect("a number")
}

#[test]
fn a_long_shutdown_says_what_it_waits_for() {
    let mut ids = Vec::new();
    let text = capture(|| {
        paused().block_on(async {
            let mut slow = Slow::new();
            for name in ["import", "export", "import"] {
                let job = slow.jobs.spawn(name, pending::<()>()).unwrap();
                ids.push(job.id());
            }
            let task = tokio::spawn(pending());
            ids.push(task.id());
            slow.task = Some(task);
            let _ = slow.shutdown().await.unwrap_err();
        });
    });
    let said = lines(&text, "still shutting down");
    let after: Vec<f64> = said.iter().map(|line| millis(line, "after_ms")).collect();
    let due = [1_000.0, 2_000.0, 5_000.0, 10_000.0, 20_000.0, 30_000.0];
    assert_eq!(after.len(), due.len(), "{text}");
    // tokio's timer rounds up to a millisecond.
    assert!(after.iter().zip(due).all(|(after, due)| (due..due + 3.0).contains(after)), "{after:?}");
    for (line, after) in said.iter().zip(&after) {
        assert!((millis(line, "left_ms") + after - 35_000.0).abs() < 1.0, "{line}");
        assert!(line.contains("INFO") && line.contains("value=\"Slow\""), "{line}");
        let place = format!("({}:", file!());
        assert!(line.contains(&format!("`Slow.jobs`: `export` {place}")), "{line}");
        assert!(line.contains(&format!("`Slow.task`: task {}", ids[3])), "{line}");
        // The two imports are spawned at the same place as the export, under another name.
        assert!(line.contains(&format!(", task {}", ids[1])), "{line}");
        assert!(line.contains("2 of `import`") && line.contains(&format!(", tasks {}, {}", ids[0], ids[2])), "{line}");
        assert!(!line.contains("Slow.inner") && !line.contains("Slow.thread"), "neither is waited for: {line}");
    }
}

#[test]
fn what_has_ended_is_waited_for_no_more_and_the_innermost_is_named() {
    let text = capture(|| {
        paused().block_on(async {
            let (mut slow, inner) = (Slow::new(), Slow::new());
            slow.jobs.spawn("short", tokio::time::sleep(Duration::from_millis(1_500))).unwrap();
            inner.jobs.spawn("stuck", pending::<()>()).unwrap();
            slow.inner = Some(Box::new(inner));
            let _ = slow.shutdown_within(Duration::from_secs(4)).await.unwrap_err();
        });
    });
    let said = lines(&text, "still shutting down");
    let [first, second] = said[..] else { panic!("at 1 s and at 2 s: {text}") };
    assert!(first.contains("waiting_for=\"`Slow.jobs`: `short` ("), "{first}");
    assert!(first.contains("; `Slow.inner.jobs`: `stuck` ("), "{first}");
    assert!(second.contains("waiting_for=\"`Slow.inner.jobs`: `stuck` ("), "{second}");
    assert!(!second.contains("short"), "{second}");
}

/// The blocking driver has the same lines, in real time; a thread is named by its name and its place.
#[test]
fn a_blocking_shutdown_says_it_too() {
    let text = capture(|| {
        let mut slow = Slow::new();
        let (release, released) = std::sync::mpsc::channel::<()>();
        slow.thread = Some(
            Thread::spawn("deaf", move |_| {
                let _ = released.recv();
            })
            .unwrap(),
        );
        releases_at("still shutting down", release);
        slow.shutdown_blocking().unwrap();
    });
    let said = lines(&text, "still shutting down");
    assert!(!said.is_empty(), "{text}");
    assert!(said[0].contains(&format!("waiting_for=\"`Slow.thread`: thread `deaf` ({}:", file!())), "{}", said[0]);
}

#[test]
fn a_shutdown_begins_with_one_event() {
    let begins = |make: fn()| {
        let text = capture(make);
        let said = lines(&text, "shutting down");
        let said: Vec<String> = said.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 1, "{text}");
        assert!(lines(&text, "still shutting down").is_empty(), "{text}");
        assert!(
            said[0].contains(" INFO ") && said[0].contains(" sundown: shutting down value=\"Slow\""),
            "{}",
            said[0]
        );
        said[0].clone()
    };
    let said = begins(|| drop(Slow::new().shutdown_blocking()));
    assert!(said.contains("reason=\"`shutdown_blocking`\" budget_ms=35000.0"), "{said}");
    let said = begins(|| {
        paused().block_on(async {
            let mut slow = Slow::new();
            slow.inner = Some(Box::new(Slow::new()));
            slow.shutdown_within(Duration::from_millis(1_234)).await.unwrap();
            // A second call finds the report.
            slow.shutdown().await.unwrap();
        });
    });
    assert!(said.contains("reason=\"`shutdown_within`\" budget_ms=1234.0"), "{said}");
    let said = begins(|| drop(paused().block_on(Slow::new().with_shutdown(async |_| ()))));
    assert!(said.contains("reason=\"`with_shutdown`: its closure has ended\""), "{said}");
}

#[test]
fn the_report_is_in_one_event_with_rounded_durations() {
    let text = capture(|| {
        paused().block_on(async {
            let (mut slow, mut inner, innermost) = (Slow::new(), Slow::new(), Slow::new());
            innermost.jobs.spawn("stuck", pending::<()>()).unwrap();
            inner.inner = Some(Box::new(innermost));
            slow.inner = Some(Box::new(inner));
            let _ = slow.shutdown_within(Duration::from_millis(777)).await.unwrap_err();
        });
    });
    assert_eq!(text.matches("report=").count(), 1, "{text}");
    let outer = lines(&text, "shut down");
    assert_eq!(outer.iter().filter(|line| line.contains("value=\"Slow.inner")).count(), 2, "{text}");
    for (at, _) in text.match_indices("_ms=") {
        let value = text[at + 4..].split_whitespace().next().unwrap();
        let (_, decimals) = value.split_once('.').expect("a decimal");
        assert_eq!(decimals.len(), 1, "{value} in {text}");
    }
    assert!(text.matches(" sundown: ").count() > 3 && !text.contains("sundown::"), "one target: {text}");
}
