//! The module of the tests with another PyO3 than that of the workspace's lock file.
//!
//! `links = "python"` allows one PyO3 in a program, and so in a workspace. So each version has a package of its own below
//! `target/pyo3`, whose sources and dependencies are those of `tests/python`, and the drop-in.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::RUNTIME;
use super::build::build_manifest;
use super::interpreter::Interpreter;
use super::suite::run_in;
use crate::cargo::{cargo, root, target};
use crate::test::{Counts, UNLINKED};

/// The older versions that `python/Cargo.toml` allows, the newest of each.
const OLDER: [&str; 3] = ["0.29.3", "0.28.3", "0.27.2"];

/// The tests that show that the bridge, the classes and the exit work: seconds, not minutes.
const TESTS: &str = "test_futures or test_callback or test_errors or test_object or test_streams or test_set_up";

/// Type-checks all versions, and runs some tests with the first, on an interpreter.
///
/// # Errors
///
/// If one of them does not compile, or a test fails.
pub(crate) fn test_older(interpreter: &Interpreter, counts: &mut Counts) -> Result<()> {
    for version in OLDER {
        let manifest = package(version)?;
        // As an abi3 module, without an interpreter: the oldest PyO3 knows none of the newest ones.
        cargo(["check", "--quiet", "--locked", "--features", "abi3,all", "--manifest-path"])
            .args([&manifest])
            .env("PYO3_NO_PYTHON", "1")
            .env(UNLINKED, "1")
            .env("RUSTFLAGS", "--deny warnings")
            .env("CARGO_TARGET_DIR", folder().join("check"))
            .check()
            .with_context(|| format!("PyO3 {version}"))?;
    }
    let folder = build_manifest(&folder().join(OLDER[0]).join("Cargo.toml"), interpreter)?;
    run_in(RUNTIME, interpreter, folder, &format!("pyo3-{}", OLDER[0]), Some(TESTS), counts)
}

/// The folder with everything of this.
fn folder() -> PathBuf {
    target().join("pyo3")
}

/// A package with this version of PyO3. Returns its manifest.
fn package(version: &str) -> Result<PathBuf> {
    let original = root().join("tests/python");
    let text = fs::read_to_string(original.join("Cargo.toml"))?;
    let made = folder().join(version);
    let manifest = made.join("Cargo.toml");
    fs::create_dir_all(&made).with_context(|| made.display().to_string())?;
    fs::write(&manifest, rewritten(&text, &original, version)?)?;
    fs::copy(original.join("pyproject.toml"), made.join("pyproject.toml"))?;
    // All else is as in the workspace.
    fs::copy(root().join("Cargo.lock"), made.join("Cargo.lock"))?;
    cargo(["update", "--quiet", "--package", "pyo3", "--precise", version, "--manifest-path"])
        .args([&manifest])
        .output()?;
    Ok(manifest)
}

/// The manifest of a package of this workspace, for a folder outside it.
fn rewritten(manifest: &str, original: &Path, version: &str) -> Result<String> {
    let (_, dependencies) = manifest.split_once("[dependencies]\n").context("it has dependencies")?;
    let dependencies = dependencies.split("\n[").next().unwrap_or_default();
    let original = original.display();
    let mut lines = Vec::new();
    for line in dependencies.lines() {
        let name = line.split_whitespace().next().unwrap_or_default();
        lines.push(match name {
            "pyo3" => format!("pyo3 = \"={version}\""),
            _ => line.replace("path = \"", &format!("path = \"{original}/")),
        });
    }
    ensure!(lines.iter().any(|line| line.starts_with("pyo3 = \"=")), "it does not depend on PyO3 by name");
    let dependencies = lines.join("\n");
    Ok(format!(
        r#"# Made by `cargo xtask test --full`.
[workspace]

[package]
name = "{name}"
version = "0.0.0"
edition = "2024"
publish = false

[lib]
name = "{lib}"
path = "{original}/src/lib.rs"
crate-type = ["cdylib"]

[features]
abi3 = ["pyo3/abi3-py39"]
all = ["pyo3-async-runtimes/attributes", "pyo3-async-runtimes/testing", "sundown-python/metrics", "sundown-python/process", "sundown-python/testing"]

[dependencies]
{dependencies}

[profile.dev]
debug = "line-tables-only"
"#,
        name = RUNTIME.package(),
        lib = RUNTIME.package().replace('-', "_"),
    ))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::rewritten;

    #[test]
    fn a_package_outside_the_workspace_has_its_dependencies() {
        let manifest = "[package]\nlicense.workspace = true\n\n[dependencies]\npyo3 = \"0.30.1\"\n\
            sundown-python = { path = \"../../python\" }\n\n[lints]\nworkspace = true\n";
        let rewritten = rewritten(manifest, Path::new("/repository/tests/python"), "0.29.3").unwrap();
        let expected = "[dependencies]\npyo3 = \"=0.29.3\"\n\
            sundown-python = { path = \"/repository/tests/python/../../python\" }\n\n[profile.dev]";
        assert!(rewritten.contains(expected), "{rewritten}");
        assert!(!rewritten.contains("workspace = true"), "{rewritten}");
    }
}
