//! A test program without std's harness, for cases that need a process of their own.

use std::process::ExitCode;

/// Why a case has not passed.
pub enum NotPassed {
    /// With this output.
    Failed(String),
    /// It cannot be run here.
    Ignored(String),
}

impl From<String> for NotPassed {
    fn from(output: String) -> Self {
        NotPassed::Failed(output)
    }
}

/// Runs the cases whose names contain the argument, one after another, and prints what std's harness prints; with `--list`
/// their names. `run` says why a case failed.
pub fn run_cases<C, E: Into<NotPassed>>(cases: &[(String, C)], run: impl Fn(&C) -> Result<(), E>) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        cases.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    let (mut passed, mut failed, mut ignored) = (0, 0, 0);
    for (name, case) in cases.iter().filter(|(name, _)| filter.is_none_or(|filter| name.contains(filter))) {
        match run(case).map_err(Into::into) {
            Ok(()) => {
                println!("test {name} ... ok");
                passed += 1;
            }
            Err(NotPassed::Ignored(reason)) => {
                println!("test {name} ... ignored, {reason}");
                ignored += 1;
            }
            Err(NotPassed::Failed(output)) => {
                println!("test {name} ... FAILED\n{output}");
                failed += 1;
            }
        }
    }
    let filtered = cases.len() - passed - failed - ignored;
    let result = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {result}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; {filtered} filtered out\n"
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
