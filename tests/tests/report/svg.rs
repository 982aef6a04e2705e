//! A report as a picture: `Report::to_svg`.

use std::fs;
use std::future::pending;
use std::path::Path;
use std::time::Duration;

use roxmltree::Document;
use sundown::{CancellationToken, Outcome, Report, ShutdownGuard, Tasks, must_shutdown};
use sundown_tests::Spy;

#[must_shutdown(timeout = "10s")]
struct Service {
    #[shutdown]
    stop: CancellationToken,
    #[shutdown(timeout = "2s")]
    jobs: Tasks,
    #[shutdown(after = [stop, jobs])]
    replicas: Vec<Replica>,
    #[shutdown(after = replicas, with = close)]
    db: (),
    guard: ShutdownGuard<Self>,
}

#[must_shutdown]
struct Replica {
    #[shutdown]
    link: Spy,
    guard: ShutdownGuard<Self>,
}

async fn close((): &()) -> Result<(), &'static str> {
    tokio::time::sleep(Duration::from_millis(400)).await;
    Err("the disk is full")
}

/// Read it, and look at it, like code. The clock is paused, so its times are those of the plan.
#[tokio::test(start_paused = true)]
async fn as_reviewed() {
    let jobs = Tasks::new();
    drop(jobs.spawn("import", pending::<()>()).unwrap());
    let replicas = vec![Replica { link: Spy::released(), guard: ShutdownGuard::new() }];
    let mut service = Service { stop: CancellationToken::new(), jobs, replicas, db: (), guard: ShutdownGuard::new() };
    let report = service.shutdown().await.unwrap_err().into_report();
    let svg = report.to_svg().replace('\\', "/");

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/service.svg");
    if std::env::var_os("SUNDOWN_BLESS").is_some() {
        fs::write(&path, &svg).unwrap();
    }
    let reviewed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(svg, reviewed, "`SUNDOWN_BLESS=1 cargo test -p sundown-tests --test report as_reviewed` writes it");

    let jobs = report.find("Service.jobs").unwrap();
    assert!(jobs.forced_after() > Some(Duration::from_secs(1)), "{jobs:?}");
    assert_eq!(report.find("Service.stop").unwrap().forced_after(), None);
    let document = Document::parse(&svg).unwrap();
    assert_eq!(
        rows(&document),
        ["stop stopped", "jobs forced", "replicas stopped", "[0] stopped", "link stopped", "db failed"]
    );
    let indents: Vec<_> = labels(&document).map(|label| number(label, "x")).collect();
    assert!(indents[2] < indents[3] && indents[3] < indents[4] && indents[5] == indents[0], "{indents:?}");
}

/// The label and the outcome of each row.
fn rows(document: &Document<'_>) -> Vec<String> {
    let outcomes = document.descendants().filter(|node| node.attribute("class") == Some("right"));
    let word = |text: &str| text.split(' ').next().unwrap().to_owned();
    let text = |node: roxmltree::Node<'_, '_>| node.text().unwrap_or_default().to_owned();
    labels(document).zip(outcomes).map(|(label, end)| format!("{} {}", text(label), word(&text(end)))).collect()
}

fn labels<'a>(document: &'a Document<'a>) -> impl Iterator<Item = roxmltree::Node<'a, 'a>> {
    let groups = document.descendants().filter(|node| node.has_tag_name(SVG_G));
    groups.filter_map(|group| group.children().find(|node| node.tag_name().name() == "text"))
}

const SVG_G: (&str, &str) = ("http://www.w3.org/2000/svg", "g");

fn number(node: roxmltree::Node<'_, '_>, attribute: &str) -> f64 {
    node.attribute(attribute).unwrap().parse().unwrap()
}

/// It is XML, has the elements that it should have, and its numbers are within the picture.
#[track_caller]
fn check(svg: &str) -> Document<'_> {
    let document = Document::parse(svg).unwrap_or_else(|error| panic!("{error}\n{svg:.2000}"));
    let view: Vec<f64> =
        document.root_element().attribute("viewBox").unwrap().split(' ').map(|part| part.parse().unwrap()).collect();
    for node in document.descendants().filter(|node| node.is_element()) {
        let name = node.tag_name().name();
        assert!(["svg", "title", "style", "rect", "text", "path", "g"].contains(&name), "<{name}>");
        for (attribute, end) in [("x", view[2]), ("y", view[3]), ("width", view[2]), ("height", view[3])] {
            if let Some(value) = node.attribute(attribute) {
                assert!((0.0..=end).contains(&value.parse::<f64>().unwrap()), "{attribute} of {node:?}");
            }
        }
    }
    document
}

#[test]
fn hostile_names_are_text() {
    let long = "x".repeat(10_000);
    let names =
        ["<script>alert(1)</script>", "\"&' onload='x", "]]><!-- &amp;", "\0\u{1b}[31m\u{202e}evil\u{ffff}", &long, ""];
    let mut report = Report::new("R<&>\"\n");
    for name in names {
        let outcome = Outcome::from_result(Err::<(), _>(format!("</title>{name}")));
        report = report.step(name.to_owned(), outcome, Duration::from_millis(1));
    }
    let svg = report.to_svg();
    let document = check(&svg);
    let labels: Vec<_> = labels(&document).map(|label| label.text().unwrap_or_default()).collect();
    assert_eq!(labels[..4], [names[0], names[1], names[2], "\u{fffd}\u{fffd}[31m\u{fffd}evil\u{fffd}"]);
    assert!(labels[4].starts_with("xxx") && labels[4].ends_with('…') && labels[4].chars().count() < 60, "{labels:?}");
    assert_eq!(labels[5], "");
    assert!(svg.len() < 10_000, "{}", svg.len());
}

#[test]
fn no_steps() {
    let svg = Report::new("Empty").to_svg();
    let document = check(&svg);
    assert_eq!(rows(&document), [""; 0]);
    assert!(document.descendants().any(|node| node.text() == Some("no steps")));
}

#[test]
fn its_size_is_linear() {
    let size = |steps: usize| {
        let step = |report: Report, index| {
            report.step(format!("R.steps[{index}]"), Outcome::Stopped, Duration::from_millis(9))
        };
        let svg = (0..steps).fold(Report::new("R"), step).to_svg();
        assert_eq!(rows(&check(&svg)).len(), steps);
        svg.len()
    };
    let (one, two) = (size(1_000), size(2_000));
    assert!(two < one * 2 + one / 10, "{one}, {two}");
    assert!(two < 2_000 * 700, "{two}");
}

#[test]
fn times_that_are_very_short_or_long() {
    let cases = [
        (Duration::ZERO, "stopped 0"),
        (Duration::from_nanos(1), "stopped 1.0ns"),
        (Duration::from_nanos(400), "stopped 400.0ns"),
        (Duration::MAX, "stopped 946080000.0s"),
    ];
    for (took, text) in cases {
        let svg = Report::new("R").step("R.step", Outcome::Stopped, took).to_svg();
        let document = check(&svg);
        assert!(document.descendants().any(|node| node.text() == Some(text)), "{text}\n{svg}");
        let ticks = document.descendants().filter(|node| node.attribute("class") == Some("dim middle")).count();
        assert!((1..=6).contains(&ticks), "{ticks} ticks\n{svg}");
    }
}
