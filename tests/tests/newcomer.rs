//! What a `#[tokio::main]` shows that returns a `Result`, when something is wrong.

use std::process::{Command, Output};

/// The exit code and standard error of the program.
fn run(argument: &str, environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_newcomer"));
    command.arg(argument).env_remove("SUNDOWN_ON_DROP").env("RUST_BACKTRACE", "0").envs(environment.iter().copied());
    let Output { status, stderr, .. } = command.output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn the_error_of_a_question_mark_is_shown_after_the_leak() {
    let (code, text) = run("returns-early", &[]);
    assert_eq!(code, Some(1), "{text}");
    let leak = text.find("Runner` (created at ").unwrap_or_else(|| panic!("no leak: {text}"));
    assert!(text.starts_with("sundown: `") && text.contains("was dropped without `shutdown().await`"), "{text}");
    let error = text.find("Error: \"`http` is no port\"").unwrap_or_else(|| panic!("no error: {text}"));
    assert!(leak < error && text[error..].lines().count() == 1, "the error is last: {text}");
    assert!(!text.contains("panicked") && !text.contains("lost"), "{text}");
}

#[test]
fn a_shutdown_that_was_forgotten_is_said() {
    let (code, text) = run("forgets", &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("was dropped without `shutdown().await`") && text.contains("help: "), "{text}");
}

/// In CI, say.
#[test]
fn a_leak_may_still_be_a_panic_which_says_how_to_see_the_error() {
    let (code, text) = run("returns-early", &[("SUNDOWN_ON_DROP", "panic")]);
    assert_eq!(code, Some(101), "{text}");
    assert!(text.contains("its error is lost behind this panic: `SUNDOWN_ON_DROP=log` lets it through"), "{text}");
}

/// There the panic is that of the task, in debug builds.
#[test]
fn a_leak_in_a_task_is_the_end_of_the_task() {
    let (code, text) = run("in-a-task", &[]);
    assert_eq!(code, Some(1), "{text}");
    if cfg!(debug_assertions) {
        assert!(text.contains("panicked") && text.contains("Error: JoinError::Panic("), "{text}");
    }
}

#[test]
fn the_error_of_a_shutdown_is_its_report() {
    let (code, text) = run("stuck", &[]);
    assert_eq!(code, Some(1), "{text}");
    // Forced, or abandoned where a busy machine has not confirmed it in time.
    assert!(text.starts_with("Error: `Runner` did not shut down cleanly: `Runner.jobs` "), "{text}");
    let tree = text.split_once("\n\nRunner ").unwrap_or_else(|| panic!("no report: {text}")).1;
    assert!(tree.contains("(limit 300.0 ms), created at ") && tree.contains("\n`- Runner.jobs  "), "{text}");
    assert!(!text.contains('{'), "no fields: {text}");
}
