//! `cargo xtask lint`.
//!
//! cargo-hack would give the feature combinations, but a fresh clone must compile it first: 63 s of CPU time for 0.6.46, in
//! place of 20 lines that choose the sets. The checks themselves would be the same ones.

mod layers;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};

use crate::cargo::{cargo, target};
use crate::metadata::Metadata;
use crate::steps::Steps;
use crate::{msrv, python, test};

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

/// As for a CPython without the GIL. In a target directory of its own, because PyO3 is built for one interpreter.
fn free_threaded() -> Result<()> {
    let place = target().join("python/build/free-threaded");
    let config = python::write_config(&place, "Py_GIL_DISABLED")?;
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

/// No feature, each alone, all but each, and all: with what they imply, smallest first. All sets would be two to the power
/// of their number; what these miss is a fault of two features together that is none of one, and none of all.
fn combinations(features: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    // `default` is a name for a set of others.
    let all: BTreeSet<&str> = features.keys().map(String::as_str).filter(|name| *name != "default").collect();
    let with_implied = |name: &str| {
        let (mut set, mut new) = (BTreeSet::new(), vec![all.get(name).copied().expect("it is one of them")]);
        while let Some(name) = new.pop() {
            if set.insert(name) {
                new.extend(features[name].iter().map(String::as_str));
            }
        }
        set
    };
    let without = |name: &str| all.iter().copied().filter(|other| !with_implied(other).contains(name)).collect();
    let mut sets = BTreeSet::from([BTreeSet::new(), all.clone()]);
    sets.extend(all.iter().map(|name| with_implied(name)));
    sets.extend(all.iter().map(|name| without(name)));
    let mut sets: Vec<Vec<String>> = sets.into_iter().map(|set| set.into_iter().map(str::to_owned).collect()).collect();
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
            feature("d", &[]),
        ]);
        let sets: Vec<String> = combinations(&features).iter().map(|set| set.join("+")).collect();
        assert_eq!(sets, ["", "a", "c", "d", "a+b", "c+d", "a+b+c", "a+b+d", "a+c+d", "a+b+c+d"]);
    }
}
