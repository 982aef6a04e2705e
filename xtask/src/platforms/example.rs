//! The tests of `examples/runner` that need no signal, under Wine.

use anyhow::{Result, ensure};

use super::{PATIENCE, on, skipped, skips};
use crate::test::Counts;

/// Builds and runs them. The note says how many there are.
///
/// # Errors
///
/// If they do not build, or one fails.
pub(super) fn run(target: &str) -> Result<String> {
    let call = |more: &[&str]| Some(on(target, &["test", "--package", "runner", "--test", "runner"])?.args(more));
    let Some(build) = call(&["--no-run"]) else { return Ok(skipped(target)) };
    if let Some(why) = skips(build, &["sundown`", "runner`"])? {
        return Ok(why);
    }
    let mut counts = Counts::default();
    if let Some(test) = call(&[]) {
        test.check_seeing_within(PATIENCE, |line| counts.see(line))?;
    }
    ensure!(counts.passed > 0, "it ran no tests");
    Ok(counts.to_string())
}
