//! `cargo xtask lint`.
//!
//! cargo-hack would give the feature combinations, but a fresh clone must compile it first: 63 s of CPU time for 0.6.46, in
//! place of 20 lines that choose the sets. The checks themselves would be the same ones.

mod layers;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::cargo::{cargo, target};
use crate::metadata::Metadata;
use crate::steps::Steps;
use crate::{msrv, test};

/// Turns warnings into errors without building anything anew.
const DENY: [&str; 3] = ["--", "-D", "warnings"];

/// Runs every check.
///
/// # Errors
///
/// If one fails.
pub(crate) fn run() -> Result<()> {
    let metadata = Metadata::load()?;
    let mut steps = Steps::default();
    steps.run("layers", layers::check);
    steps.run("fmt", || cargo(["fmt", "--all", "--check"]).check().map(|()| String::new()));
    steps.run("clippy, workspace", || {
        cargo(["clippy", "--quiet", "--workspace", "--all-targets", "--all-features"]).args(DENY).check()?;
        Ok(String::new())
    });
    steps.run("clippy, feature combinations", || {
        let sets = combinations(&metadata.features("sundown")?);
        let failed: Vec<String> =
            sets.iter().map(|set| set.join(",")).filter(|set| clippy_with(set).is_err()).collect();
        ensure!(failed.is_empty(), "{} of {} failed, such as `{}`", failed.len(), sets.len(), failed[0]);
        Ok(format!("{} combinations", sets.len()))
    });
    steps.run("clippy, Python without features", || {
        cargo(["clippy", "--quiet", "--package", "sundown-python", "--no-default-features"]).args(DENY).check()?;
        Ok(String::new())
    });
    steps.run("clippy, free-threaded Python", || free_threaded().map(|()| String::new()));
    steps.run("clippy, loom models", || {
        let clippy = cargo(["clippy", "--quiet", "--package", "sundown", "--profile", "test", "--lib"]);
        let clippy = clippy.args(["--features", &test::core_features(&metadata)?]);
        test::with_loom(clippy.args(DENY)).check().map(|()| String::new())
    });
    steps.run("docs", || {
        let doc = cargo(["doc", "--quiet", "--workspace", "--all-features", "--no-deps"]);
        doc.flags("RUSTDOCFLAGS", "-D warnings").check().map(|()| String::new())
    });
    steps.run("minimum Rust version", || msrv::check(&metadata));

    let passed = steps.passed();
    steps.finish()?;
    println!("{passed} checks passed");
    Ok(())
}

/// As for a CPython without the GIL, of which PyO3 needs nothing but this description to compile.
const FREE_THREADED: &str = "\
implementation=CPython
version=3.14
shared=false
abi3=false
build_flags=Py_GIL_DISABLED
suppress_build_script_link_lines=true
";

/// In a target directory of its own, because PyO3 is built for one interpreter.
fn free_threaded() -> Result<()> {
    let place = target().join("python/build/free-threaded");
    let config = place.join("pyo3-config.txt");
    fs::create_dir_all(&place).and_then(|()| fs::write(&config, FREE_THREADED)).context("PyO3's configuration")?;
    let packages = ["--package", "sundown-python", "--package", "sundown-pyo3-async-runtimes"];
    cargo(["clippy", "--quiet"])
        .args(packages)
        .args(DENY)
        .env("PYO3_CONFIG_FILE", &config)
        .env("CARGO_TARGET_DIR", &place)
        .check()
}

fn clippy_with(features: &str) -> Result<()> {
    println!("features: {}", if features.is_empty() { "none" } else { features });
    cargo(["clippy", "--quiet", "--package", "sundown", "--lib", "--tests", "--no-default-features"])
        .args(["--features", features])
        .args(DENY)
        .check()
}

/// All sets of features that differ in what they switch on, smallest first.
fn combinations(features: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    // `default` is a name for a set of others.
    let names: Vec<&String> = features.keys().filter(|name| *name != "default").collect();
    let subsets = (0..1_u32 << names.len()).map(|bits| {
        let chosen = names.iter().enumerate().filter(|(i, _)| bits & (1 << i) != 0);
        chosen.map(|(_, name)| name.as_str()).collect::<BTreeSet<_>>()
    });
    // A set without what its own features imply is the same as the one with it.
    let is_closed = |set: &BTreeSet<&str>| {
        set.iter().all(|name| features[*name].iter().all(|implied| set.contains(implied.as_str())))
    };
    // Every set with `host-hooks` would double the time. It touches one file: alone, and with all.
    let is_worth_it = |set: &BTreeSet<&str>| !set.contains("host-hooks") || set.len() == 1 || set.len() == names.len();
    let mut sets: Vec<Vec<String>> =
        subsets.filter(is_closed).filter(is_worth_it).map(|set| set.into_iter().map(str::to_owned).collect()).collect();
    sets.sort_by_key(Vec::len);
    sets
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::combinations;

    #[test]
    fn combinations_hold_what_they_imply() {
        let feature = |name: &str, implied: &[&str]| {
            (name.to_owned(), implied.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>())
        };
        let features = BTreeMap::from([
            feature("default", &["a", "b"]),
            feature("a", &[]),
            feature("b", &["a"]),
            feature("c", &[]),
        ]);
        let sets: Vec<String> = combinations(&features).iter().map(|set| set.join("+")).collect();
        assert_eq!(sets, ["", "a", "c", "a+b", "a+c", "a+b+c"]);
    }
}
