//! The twins, built; and the example.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Side;
use crate::python::{Interpreter, build_extension};

/// Where to import the twins from, and the example if it is needed.
pub(crate) struct Modules {
    folders: BTreeMap<Side, PathBuf>,
    demo: Option<PathBuf>,
}

impl Modules {
    /// # Errors
    ///
    /// If one of them does not compile.
    pub(crate) fn build(interpreter: &Interpreter, sides: &[Side], demo: bool, abi3: bool) -> Result<Self> {
        let mut folders = BTreeMap::new();
        for side in sides {
            let package = match side {
                Side::Ours => "stress-ours",
                Side::Peer => "stress-peer",
            };
            let folder = build_extension(package, interpreter, abi3, false)?;
            if *side == Side::Ours {
                for name in ["stress_too", "stress_bare"] {
                    copy(&folder, name).context("a copy of the module under another name")?;
                }
            }
            folders.insert(*side, folder);
        }
        let demo = demo.then(|| build_extension("sundown-demo", interpreter, abi3, false)).transpose()?;
        Ok(Modules { folders, demo })
    }

    /// The folders that have the module `stress` of this side, and the example's.
    pub(crate) fn folders(&self, side: Side) -> impl Iterator<Item = &Path> {
        std::iter::once(&self.folders[&side]).chain(&self.demo).map(PathBuf::as_path)
    }
}

/// Another extension module, out of the same build: another file is another library to the loader, with statics of its own.
fn copy(folder: &Path, name: &str) -> Result<()> {
    let files = fs::read_dir(folder.join("stress"))?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let library = files.iter().find(|path| path.extension().is_some_and(|extension| extension == "so"));
    fs::copy(library.context("there is no library")?, folder.join(format!("{name}.so")))?;
    Ok(())
}
