//! `cargo xtask bench`.

mod compile;
mod python;

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
    known.extend([compile::NAME, python::NAME].map(ToOwned::to_owned));
    let unknown: Vec<_> = names.iter().filter(|name| !known.contains(name)).cloned().collect();
    ensure!(unknown.is_empty(), "no bench is called {}; there are {}", unknown.join(", "), known.join(", "));
    for name in known.iter().filter(|name| names.is_empty() || names.contains(name)) {
        println!("\n=== {name}");
        match name.as_str() {
            compile::NAME => compile::run()?,
            python::NAME => python::run()?,
            name => cargo(["bench", "--quiet", "--package", PACKAGE, "--bench", name]).check()?,
        }
    }
    Ok(())
}
