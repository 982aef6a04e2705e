//! `cargo xtask test`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};

use crate::cargo::{Call, cargo, target};
use crate::steps::Steps;

/// Runs everything; with a filter, the tests whose names contain it. A failure if a test fails, does not compile, or if a
/// step finds no test although there is no filter. The counts are the last line in any case.
///
/// # Errors
///
/// If the counts cannot be written to the file.
pub(crate) fn run(filter: Option<&str>, summary: Option<&Path>, arguments: &[String]) -> Result<ExitCode> {
    let mut steps = Steps::default();
    let mut total = Counts::default();
    let mut step = |name: &str, call: Call| {
        steps.run(name, || {
            let mut counts = Counts::default();
            let call = if let Some(filter) = filter { call.args([filter]) } else { call };
            let call = if arguments.is_empty() { call } else { call.args(["--"]).args(arguments) };
            let result = call.check_seeing(|line| counts.see(line));
            total.add(&counts);
            result?;
            ensure!(counts.passed > 0 || filter.is_some(), "it ran no tests");
            Ok(counts.to_string())
        });
    };

    let all = ["test", "--workspace", "--all-features", "--no-fail-fast"];
    step("unit, integration, UI and golden tests", cargo(all).args(["--lib", "--bins", "--tests", "--examples"]));
    step("doctests", cargo(all).args(["--doc"]));
    let plain = ["test", "--package", "sundown", "--no-default-features", "--no-fail-fast", "--lib", "--tests"];
    step("without default features", cargo(plain));
    step(
        "loom models",
        with_loom(cargo(["test", "--package", "sundown", "--all-features", "--lib", "--release", "models"])),
    );

    let line = format!("{} passed, {} failed", total.passed, total.failed);
    if let Some(path) = summary {
        std::fs::write(path, format!("{line}\n")).with_context(|| path.display().to_string())?;
    }
    let result = steps.finish();
    if let Err(error) = &result {
        eprintln!("error: {error}");
    }
    println!("{line}");
    Ok(if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// With loom's types in place of std's. In a target directory of its own, because a flag of rustc's concerns every crate.
pub(crate) fn with_loom(call: Call) -> Call {
    call.flags("RUSTFLAGS", "--cfg sundown_loom").env("CARGO_TARGET_DIR", target().join("loom"))
}

/// What `test result:` lines say.
#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl Counts {
    fn see(&mut self, line: &str) {
        let Some((_, result)) = line.split_once("test result: ") else { return };
        // `ok. 12 passed; 0 failed; 1 ignored; …`
        let words: Vec<&str> = result.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
        let before = |what: &str| {
            let at = words.iter().position(|word| *word == what)?;
            words.get(at.checked_sub(1)?)?.parse::<usize>().ok()
        };
        self.passed += before("passed").unwrap_or(0);
        self.failed += before("failed").unwrap_or(0);
        self.ignored += before("ignored").unwrap_or(0);
    }

    fn add(&mut self, other: &Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed, {} ignored", self.passed, self.failed, self.ignored)
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn results_are_counted() {
        let mut counts = Counts::default();
        counts.see("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.02s\n");
        counts
            .see("test result: \u{1b}[31mFAILED\u{1b}[0m. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n");
        counts.see("12 passed; 7 failed\n");
        assert_eq!(counts.to_string(), "13 passed, 2 failed, 1 ignored");
    }
}
