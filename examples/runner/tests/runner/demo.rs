//! `runner demo` proves itself; here it is held to it.

use std::fs;

use crate::support::runner;

#[test]
fn the_demo_names_what_was_forced_and_leaves_nothing_but_by_hand() {
    let folder = tempfile::tempdir().expect("a folder");
    let svg = folder.path().join("pictures/report.svg");
    let output = runner().args(["demo", "--svg"]).arg(&svg).output().expect("the demo runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));

    let (orderly, rest) = text.split_once("\n2. ").expect("the demo has three scenes");
    let (by_hand, disorderly) = rest.split_once("\n3. ").expect("the demo has three scenes");
    assert!(orderly.contains("Runner stopped after"), "{orderly}");
    let expected: &[&str] = match cfg!(unix) {
        true => &["the moon is in the wrong phase", "HANGS     3 s after SIGTERM", "2 jobs are `running`"],
        false => &["left out"],
    };
    for expected in expected {
        assert!(by_hand.contains(expected), "`{expected}` is missing in\n{by_hand}");
    }
    if cfg!(target_os = "linux") {
        assert!(by_hand.contains("ORPHAN    `sh`, process "), "{by_hand}");
    }
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    for expected in ["stuck #1", "the moon is in the wrong phase", "1 cancelled", "1 failed"] {
        assert!(disorderly.contains(expected), "`{expected}` is missing in\n{disorderly}");
    }
    let hook = disorderly.lines().find(|line| line.contains("Runner.hook.process")).expect("the report has the child");
    assert!(hook.contains("forced"), "{hook}");
    assert_eq!(text.matches("no thread, process, descriptor or guarded value is left").count(), 2, "{text}");

    let svg = fs::read_to_string(svg).expect("the demo draws its report");
    for expected in ["<title>Runner forced after ", ">hook</text>", "aborted `stuck #1"] {
        assert!(svg.contains(expected), "`{expected}` is missing in\n{svg}");
    }
}

#[test]
fn what_is_alive_is_watched() {
    let output = runner().args(["demo", "--watch"]).output().expect("the demo runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let seen = |name: &str, state: &str| {
        let is_it = |line: &&str| line.trim_start().starts_with(name) && line.contains(state);
        assert!(text.lines().any(|line| is_it(&line)), "no `{name}` that is {state} in\n{text}");
    };
    // The scene with a job that is stuck takes two seconds to stop.
    seen("runner::runner::Runner ", " owned   stopping ");
    seen("Tasks ", " stopping ");
    seen("Process `", " live ");
}
