//! The tests of the core, on a platform or under a sanitizer.

use anyhow::{Result, ensure};

use super::{PATIENCE, on, skipped, skips};
use crate::cargo::Call;
use crate::metadata::Metadata;
use crate::test::{Counts, core_features};

/// Test files that call cargo, which is not there under another system.
const NEED_CARGO: [&str; 4] = ["ui", "packages", "build_script", "readme"];

/// Runs the tests of the core on a target of the tool's, or here: each program by a call of its own, so that one which hangs
/// is named and takes the others nothing.
pub(super) fn test(
    target: &str,
    left_out: &[&str],
    environment: &[(&str, &str)],
    metadata: &Metadata,
) -> Result<String> {
    let features = core_features(metadata)?;
    let of_core = |verb: &'static str, more: &[&str]| {
        let call = on(target, &[verb, "--package", "sundown", "--package", "sundown-tests", "--features", &features])?;
        Some(environment.iter().fold(call.args(more), |call, (name, value)| call.env(name, value)))
    };
    let files = metadata.targets("sundown-tests", "test")?;
    let files = files.iter().map(String::as_str).filter(|name| !NEED_CARGO.contains(name) && !left_out.contains(name));
    let files = files.chain(["plain_threads"]);
    let programs: Vec<Vec<&str>> = [vec!["--lib"]].into_iter().chain(files.map(|name| vec!["--test", name])).collect();
    let all: Vec<&str> = programs.iter().flatten().copied().collect();
    let Some(build) = of_core("test", &["--no-run"]) else { return Ok(skipped(target)) };
    if let Some(why) = skips(build.args(&all), &["sundown`"])? {
        return Ok(why);
    }
    // A DLL, which cargo does not build when its command names the tests to run.
    of_core("build", &["--example", "unloaded"]).map_or(Ok(()), Call::check)?;
    let mut counts = Counts::default();
    let mut failed = Vec::new();
    for program in &programs {
        let call = of_core("test", program);
        let result = call.map(|call| call.check_seeing_within(PATIENCE, |line| counts.see(line)));
        if let Some(Err(error)) = result {
            eprintln!("error: {error:#}");
            failed.push(format!("{}: {error:#}", program.last().unwrap_or(&"")));
        }
    }
    ensure!(failed.is_empty(), "{counts}\n{}\n{}", failed.join("\n"), counts.failures.join("\n"));
    Ok(left_out.iter().fold(counts.to_string(), |note, name| format!("{note}, without {name}")))
}
