//! Extension modules, built by maturin.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context as _, Result, ensure};

use super::interpreter::{Interpreter, isolated};
use super::packages;
use crate::cargo::target;
use crate::metadata::Metadata;

/// What this run has built already.
static BUILT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Builds a package of the workspace as an extension module, with maturin.
///
/// With `abi3` the package's feature of that name is switched on, and the one build serves every interpreter; for an
/// interpreter that takes none (`Interpreter::takes_abi3`) and without `abi3` it is one for this interpreter's version.
/// Each kind has a target directory of its own, because PyO3 is built for one interpreter; the abi3 one is built with the
/// interpreter that maturin's environment has, so that it is the same for everyone who asks. What was built already in this
/// run is not built again.
///
/// Returns the folder to put on the `PYTHONPATH`, an absolute path.
///
/// # Errors
///
/// If maturin cannot be installed, or the build fails.
pub(crate) fn build_extension(package: &str, interpreter: &Interpreter, abi3: bool, release: bool) -> Result<PathBuf> {
    let abi3 = abi3 && interpreter.takes_abi3();
    let kind = if abi3 { "abi3" } else { interpreter.tag() };
    let profile = if release { "release" } else { "debug" };
    let place = target().join("python/modules").join(kind).join(profile).join(package);
    let mut built = BUILT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !built.contains(&place) {
        let manifest = Metadata::load()?.package(package)?["manifest_path"].as_str().unwrap_or_default().to_owned();
        let target = target().join("python/build").join(kind);
        build(Path::new(&manifest), &target, interpreter, abi3, release, &place)
            .with_context(|| format!("the extension module of `{package}`, {kind}, {profile}"))?;
        built.insert(place.clone());
    }
    Ok(place)
}

/// Builds a package outside the workspace as an abi3 extension module, in the target directory of the others of that kind:
/// what they have in common is built once.
///
/// Returns as [`build_extension`] does.
///
/// # Errors
///
/// As [`build_extension`].
pub(super) fn build_manifest(manifest: &Path, interpreter: &Interpreter) -> Result<PathBuf> {
    let place = manifest.with_file_name("module");
    let abi3 = interpreter.takes_abi3();
    let kind = if abi3 { "abi3" } else { interpreter.tag() };
    build(manifest, &target().join("python/build").join(kind), interpreter, abi3, false, &place)?;
    Ok(place)
}

fn build(
    manifest: &Path,
    target: &Path,
    interpreter: &Interpreter,
    abi3: bool,
    release: bool,
    place: &Path,
) -> Result<()> {
    let tools = tools(interpreter)?;
    let builder = if abi3 { tools.join("bin/python") } else { interpreter.path().to_owned() };
    let wheels = place.with_extension("wheels");
    for folder in [&wheels, &place.to_owned()] {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
    }
    let mut call = isolated(&tools.join("bin/maturin"), ["build", "--quiet", "--manifest-path"])
        .args([manifest])
        .args([Path::new("--interpreter"), &builder])
        .args([Path::new("--out"), &wheels])
        // The wheel never leaves this machine.
        .args(["--compatibility", "off", "--auditwheel", "skip"])
        .env("CARGO_TARGET_DIR", target);
    if abi3 {
        call = call.args(["--features", "abi3"]);
    }
    if release {
        call = call.args(["--release"]);
    }
    call.check()?;
    let found: Vec<PathBuf> = fs::read_dir(&wheels)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    ensure!(found.len() == 1, "maturin made {} wheels in {}", found.len(), wheels.display());
    // A wheel is a zip file of what belongs on the path.
    isolated(interpreter.path(), ["-m", "zipfile", "-e"]).args([&found[0], place]).output()?;
    Ok(())
}

/// The environment with maturin, which the first interpreter asked for makes.
fn tools(interpreter: &Interpreter) -> Result<PathBuf> {
    let venv = target().join("python/tools");
    if !packages::is_made(&venv, "tools.txt")? || isolated(&venv.join("bin/maturin"), ["--version"]).output().is_err() {
        packages::venv(interpreter.path(), &venv, "tools.txt").context("an environment with maturin")?;
    }
    Ok(venv)
}
