//! Virtual environments, and the packages in them.
//!
//! A file in the environment says what it was made from. It is written last, so that an environment that was not
//! finished is made anew, as one is whose interpreter or list of packages has changed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::interpreter::isolated;
use crate::cargo::{Call, root, target};

/// The `python` of an environment with zig, which runs it as `-m ziglang`.
///
/// # Errors
///
/// If there is no interpreter, or zig cannot be installed.
pub(crate) fn zig() -> Result<PathBuf> {
    let environment = target().join("python/linker");
    if !is_made(&environment, "linker.txt")? {
        venv(super::newest()?.path(), &environment, "linker.txt").context("an environment with zig")?;
    }
    Ok(environment.join("bin/python"))
}

/// A virtual environment with the packages that a file in `tests/python` lists.
///
/// # Errors
///
/// If there is neither `ensurepip` nor another interpreter's pip, or if a package cannot be installed.
pub(super) fn venv(interpreter: &Path, venv: &Path, list: &str) -> Result<()> {
    let (file, wanted) = read(list)?;
    let stamp = venv.join("made-from");
    let about = format!("{}\n{}\n{wanted}", interpreter.display(), isolated(interpreter, ["-VV"]).output()?);
    if fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == about) {
        return Ok(());
    }
    println!("making {}", venv.display());
    if venv.exists() {
        fs::remove_dir_all(venv).with_context(|| venv.display().to_string())?;
    }
    let python = make(interpreter, venv)?;
    pip(&python, ["--requirement"]).args([file]).output()?;
    fs::write(&stamp, about).with_context(|| stamp.display().to_string())
}

/// Whether an environment is there and made from this list, by whichever interpreter.
///
/// # Errors
///
/// If the list cannot be read.
pub(super) fn is_made(venv: &Path, list: &str) -> Result<bool> {
    let (_, wanted) = read(list)?;
    Ok(fs::read_to_string(venv.join("made-from")).is_ok_and(|made_from| made_from.ends_with(&wanted)))
}

/// Installs into an environment what has a wheel for it, of the packages that a file lists.
///
/// Returns the names of the others.
///
/// # Errors
///
/// If the list cannot be read.
pub(super) fn optional(python: &Path, venv: &Path, list: &str) -> Result<Vec<String>> {
    let (_, wanted) = read(list)?;
    let stamp = venv.join("optional");
    if let Some(missing) = fs::read_to_string(&stamp).ok().and_then(|text| text.strip_prefix(&wanted).map(names)) {
        return Ok(missing);
    }
    let mut missing = Vec::new();
    for line in wanted.lines() {
        let requirement = line.split('#').next().unwrap_or_default().trim();
        if requirement.is_empty() {
            continue;
        }
        let name = requirement.split("==").next().unwrap_or(requirement);
        if let Err(error) = pip(python, ["--only-binary", ":all:", requirement]).output() {
            println!("{name} is left out: {error:#}");
            missing.push(name.to_owned());
        }
    }
    fs::write(&stamp, format!("{wanted}{}", missing.join("\n"))).with_context(|| stamp.display().to_string())?;
    Ok(missing)
}

fn names(lines: &str) -> Vec<String> {
    lines.lines().map(str::to_owned).collect()
}

/// A list of packages: where it is, and what it says.
fn read(list: &str) -> Result<(PathBuf, String)> {
    let file = root().join("tests/python").join(list);
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    Ok((file, text))
}

/// Makes an environment with pip in it. Returns its `python`.
fn make(interpreter: &Path, venv: &Path) -> Result<PathBuf> {
    let python = venv.join("bin/python");
    // What `venv` itself would do with `ensurepip`, which distributions leave out at times.
    isolated(interpreter, ["-m", "venv", "--without-pip"]).args([venv]).output().context("it has no `venv`")?;
    let Err(error) = isolated(&python, ["-m", "ensurepip", "--default-pip"]).output() else { return Ok(python) };
    // pip installs into another interpreter's environment, itself included.
    let others = ["python3", "python"];
    let has_pip = |other: &&str| isolated(Path::new(other), ["-m", "pip", "--version"]).output().is_ok();
    let Some(other) = others.iter().find(|other| has_pip(other)) else {
        bail!(
            "{} has no working `ensurepip`, and there is no `python3` with pip to take its place\n{error:#}",
            interpreter.display()
        );
    };
    let call = isolated(Path::new(other), ["-m", "pip", "--python"]).args([&python]);
    call.args(["install", "--quiet", "--disable-pip-version-check", "pip"]).output()?;
    Ok(python)
}

/// `pip install` in an environment.
fn pip<'a>(python: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Call {
    isolated(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]).args(arguments)
}
