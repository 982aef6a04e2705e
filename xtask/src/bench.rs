//! `cargo xtask bench`.

mod compile;

use anyhow::{Result, ensure};

use crate::cargo::cargo;
use crate::metadata::Metadata;

/// The package with the benches.
const PACKAGE: &str = "sundown-tests";

/// Runs the benches that are named, or all.
///
/// # Errors
///
/// If there is no bench of that name, or one fails.
pub(crate) fn run(names: &[String]) -> Result<()> {
    let mut known = Metadata::load()?.targets(PACKAGE, "bench")?;
    known.push(compile::NAME.to_owned());
    let unknown: Vec<_> = names.iter().filter(|name| !known.contains(name)).cloned().collect();
    ensure!(unknown.is_empty(), "no bench is called {}; there are {}", unknown.join(", "), known.join(", "));
    for name in known.iter().filter(|name| names.is_empty() || names.contains(name)) {
        println!("\n=== {name}");
        if name == compile::NAME {
            compile::run()?;
        } else {
            cargo(["bench", "--quiet", "--package", PACKAGE, "--bench", name]).check()?;
        }
    }
    Ok(())
}
