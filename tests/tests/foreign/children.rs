//! Bare children, which are shells. For Windows: `process_windows`.

use std::process::Stdio;

use super::*;

const TRAPS: &str = "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done";
const IGNORES: &str = "trap '' TERM; echo ready; while :; do sleep 0.05; done";

/// A shell that has set its traps.
fn std_child(script: &str) -> std::process::Child {
    use std::io::{BufRead as _, BufReader};
    let mut command = std::process::Command::new("sh");
    let mut child = command.args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    child
}

async fn tokio_child(script: &str) -> tokio::process::Child {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let mut command = tokio::process::Command::new("sh");
    let mut child = command.args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).await.unwrap();
    child
}

/// With time for what ends by itself.
#[must_shutdown(name = "One", timeout = "30s", on_drop = "log")]
struct Patient<T: Teardown + Send + 'static> {
    #[shutdown]
    it: T,
    guard: ShutdownGuard<Self>,
}

impl<T: Teardown + Send + 'static> Patient<T> {
    fn new(it: T) -> Self {
        Patient { it, guard: ShutdownGuard::new() }
    }
}

fn is_gone(id: u32) -> bool {
    !std::path::Path::new(&format!("/proc/{id}")).exists()
}

#[tokio::test]
async fn children_are_asked_killed_and_reaped() {
    let child = tokio_child(TRAPS).await;
    let id = child.id().unwrap();
    let clean = Patient::new(child).shutdown().await.unwrap();
    assert_eq!((outcome(&clean).as_str(), detail(&clean)), ("stopped", "exit status: 3"));
    assert!(is_gone(id), "no zombie");

    let child = tokio_child(IGNORES).await;
    let id = child.id().unwrap();
    let killed = report(child).await;
    assert_eq!((outcome(&killed).as_str(), detail(&killed)), ("forced", "signal: 9 (SIGKILL)"));
    assert!(is_gone(id));

    for (script, expected) in [(TRAPS, ("stopped", "exit status: 3")), (IGNORES, ("forced", "signal: 9 (SIGKILL)"))] {
        let child = std_child(script);
        let id = child.id();
        let report = if script == TRAPS { Patient::new(child).shutdown().await.unwrap() } else { report(child).await };
        assert_eq!((outcome(&report).as_str(), detail(&report)), expected);
        assert!(is_gone(id));
    }
}

#[test]
fn children_under_the_blocking_driver() {
    for (script, expected) in [(TRAPS, "stopped"), (IGNORES, "forced")] {
        let child = std_child(script);
        let id = child.id();
        let report = match script == TRAPS {
            true => Patient::new(child).shutdown_blocking().unwrap(),
            false => One::new(child).shutdown_blocking().unwrap_err().into_report(),
        };
        assert_eq!(outcome(&report), expected);
        assert!(is_gone(id));
    }
}

/// tokio's own child, and a runtime that nobody turns.
#[test]
fn a_tokio_child_under_the_blocking_driver() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut value = runtime.block_on(async { Patient::new(tokio_child(TRAPS).await) });
    assert_eq!(detail(&value.shutdown_blocking().unwrap()), "exit status: 3");
}
