//! PyO3's description of an interpreter that is not there, which is all that it needs to compile for one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Writes that of a CPython 3.14 with these build flags, such as `Py_GIL_DISABLED`, into a folder: a file for
/// `PYO3_CONFIG_FILE`. One that says so already stays as it is: PyO3 is built anew when it is newer.
///
/// # Errors
///
/// If it cannot be written.
pub(crate) fn write_config(folder: &Path, build_flags: &str) -> Result<PathBuf> {
    let text = format!(
        "implementation=CPython\nversion=3.14\nshared=true\nabi3=false\nbuild_flags={build_flags}\n\
         suppress_build_script_link_lines=true\n"
    );
    let path = folder.join("pyo3-config.txt");
    if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
        fs::create_dir_all(folder).and_then(|()| fs::write(&path, text)).context("PyO3's configuration")?;
    }
    Ok(path)
}
