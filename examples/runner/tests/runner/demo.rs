//! `runner demo` proves itself; here it is held to it.

use crate::support::runner;

#[test]
fn the_demo_names_what_was_forced_and_leaves_nothing() {
    let output = runner().arg("demo").output().expect("the demo runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));

    let (orderly, disorderly) = text.split_once("\n2. ").expect("the demo has two scenes");
    assert!(orderly.contains("Runner stopped after"), "{orderly}");
    for expected in ["stuck #1", "the moon is in the wrong phase", "1 cancelled", "1 failed"] {
        assert!(disorderly.contains(expected), "`{expected}` is missing in\n{disorderly}");
    }
    let hook = disorderly.lines().find(|line| line.contains("Runner.hook.process")).expect("the report has the child");
    assert!(hook.contains("forced"), "{hook}");
    assert_eq!(text.matches("no thread, process, descriptor or guarded value is left").count(), 2, "{text}");
}
