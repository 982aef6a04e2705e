//! The interpreters that are given, each with a virtual environment.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use super::packages;
use crate::cargo::{Call, target};

/// The variable that names interpreters.
const VARIABLE: &str = "SUNDOWN_PYTHONS";

/// The oldest version that sundown supports.
const OLDEST: (u32, u32) = (3, 9);

/// Printed by an interpreter about itself, in one line.
const ABOUT: &str = "import platform, sys, sysconfig; \
    print(sys.implementation.name, *sys.version_info[:3], \
    't' if sysconfig.get_config_var('Py_GIL_DISABLED') else '-', platform.python_version())";

/// A CPython that is there, with a virtual environment of its own that has pytest.
#[derive(Clone, Debug)]
pub(crate) struct Interpreter {
    path: PathBuf,
    version: (u32, u32, u32),
    free_threaded: bool,
    tag: String,
    missing: Vec<String>,
}

/// The interpreters of `SUNDOWN_PYTHONS`, oldest first, each with its environment ready; those that are given twice once.
///
/// # Errors
///
/// If one of them does not run, is no CPython of a supported version, or if its environment cannot be made.
pub(crate) fn interpreters() -> Result<Vec<Interpreter>> {
    let mut found = given()?;
    found.iter_mut().try_for_each(Interpreter::prepare)?;
    Ok(found)
}

/// The newest of `SUNDOWN_PYTHONS`, with its environment ready; the others get none.
///
/// # Errors
///
/// If one of them does not run, is no CPython of a supported version, or if the newest one's environment cannot be made.
pub(crate) fn newest() -> Result<Interpreter> {
    let mut newest = given()?.pop().context("there is an interpreter")?;
    newest.prepare()?;
    Ok(newest)
}

/// The interpreters of `SUNDOWN_PYTHONS`, oldest first and at least one, without their environments.
fn given() -> Result<Vec<Interpreter>> {
    let given = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
    let paths: Vec<PathBuf> = match &given {
        Some(value) => std::env::split_paths(value).filter(|path| path != Path::new("")).collect(),
        None => vec![PathBuf::from("python3")],
    };
    let mut found: Vec<Interpreter> = Vec::new();
    for path in paths {
        let interpreter = Interpreter::look_at(&path)
            .with_context(|| format!("`{}`, which {} names", path.display(), source(given.is_some())))?;
        if let Some(same) = found.iter().find(|other| other.tag == interpreter.tag) {
            ensure!(
                same.path == interpreter.path,
                "{} and {} are both {}",
                same.path.display(),
                interpreter.path.display(),
                same.tag
            );
            continue;
        }
        found.push(interpreter);
    }
    ensure!(!found.is_empty(), "`{VARIABLE}` names no interpreter");
    found.sort_by_key(|interpreter| (interpreter.version, interpreter.free_threaded));
    Ok(found)
}

fn source(given: bool) -> String {
    if given { format!("`{VARIABLE}`") } else { format!("the PATH, as `{VARIABLE}` is not set,") }
}

impl Interpreter {
    /// One interpreter, whatever `SUNDOWN_PYTHONS` says, with its environment ready. A bare name is looked for on the
    /// PATH.
    ///
    /// # Errors
    ///
    /// If it does not run, is no CPython of a supported version, or if its environment cannot be made.
    pub(crate) fn at(path: &Path) -> Result<Self> {
        let mut interpreter = Self::look_at(path).with_context(|| path.display().to_string())?;
        interpreter.prepare()?;
        Ok(interpreter)
    }

    /// The `python` of its environment: it has pytest, and what `missing` does not list.
    pub(crate) fn venv_python(&self) -> PathBuf {
        self.venv().join("bin/python")
    }

    /// `3.13.0`, or `3.14.0t` for a free-threaded build: for tables and folders.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    /// Whether one abi3 build serves this interpreter too. A free-threaded one needs a build of its own.
    pub(crate) fn takes_abi3(&self) -> bool {
        !self.free_threaded
    }

    /// The optional packages that are not in its environment, such as `uvloop`, because they have no wheel for it.
    pub(crate) fn missing(&self) -> &[String] {
        &self.missing
    }

    /// Asks it who it is; no environment yet.
    fn look_at(path: &Path) -> Result<Self> {
        // The executable itself: shims and links of the same interpreter are the same one.
        let code = "import os, sys; print(os.path.realpath(sys.executable))";
        let executable = PathBuf::from(isolated(path, ["-c", code]).output()?.trim_end());
        let about = isolated(&executable, ["-c", ABOUT]).output()?;
        let words: Vec<&str> = about.split_whitespace().collect();
        let &[name, major, minor, patch, gil, full] = words.as_slice() else { bail!("it says {about:?} of itself") };
        let version: (u32, u32, u32) = (major.parse()?, minor.parse()?, patch.parse()?);
        ensure!(name == "cpython", "it is {name}, not CPython");
        ensure!((version.0, version.1) >= OLDEST, "it is {full}; {}.{} is the oldest supported", OLDEST.0, OLDEST.1);
        let free_threaded = gil == "t";
        let tag = if free_threaded { format!("{full}t") } else { full.to_owned() };
        Ok(Interpreter { path: executable, version, free_threaded, tag, missing: Vec::new() })
    }

    /// Makes the environment, if it is not there as it should be.
    fn prepare(&mut self) -> Result<()> {
        let venv = self.venv();
        packages::venv(&self.path, &venv, "requirements.txt").with_context(|| format!("the environment of {self}"))?;
        self.missing = packages::optional(&self.venv_python(), &venv, "optional.txt")?;
        Ok(())
    }

    fn venv(&self) -> PathBuf {
        target().join("python").join(&self.tag)
    }

    /// The interpreter itself, outside its environment.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CPython {}", self.tag)
    }
}

/// A call of an interpreter that no variable of the caller's environment changes.
pub(super) fn isolated<I: AsRef<OsStr>>(python: &Path, arguments: impl IntoIterator<Item = I>) -> Call {
    let call = Call::new(python).args(arguments);
    ["PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV"].into_iter().fold(call, Call::without)
}
