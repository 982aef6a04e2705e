//! The modules of a crate, and which of them imports which.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::imports::{self, Names, Scope};

/// Re-exports of re-exports that are followed; more than anybody writes, and circles of them end.
const DEPTH: usize = 16;

/// An import of one file's module by another. The crate's root has the empty path.
#[derive(Clone)]
pub(super) struct Import {
    pub(super) from: PathBuf,
    pub(super) to: PathBuf,
    /// The path as it is in the code.
    pub(super) written: String,
}

/// The modules of a crate, by their names from its root.
#[derive(Default)]
pub(super) struct Modules {
    scopes: BTreeMap<Names, Module>,
}

struct Module {
    /// The module of the file that it is in.
    file: PathBuf,
    scope: Scope,
}

impl Modules {
    /// Reads `lib.rs` in a folder, and the files of the modules that it declares.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or is not Rust.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        Modules::load(|file| {
            let path = folder.join(file);
            path.exists().then(|| std::fs::read_to_string(&path).with_context(|| path.display().to_string()))
        })
    }

    fn load(mut text_of: impl FnMut(&Path) -> Option<Result<String>>) -> Result<Self> {
        let mut modules = Modules::default();
        let mut left = vec![Names::new()];
        while let Some(module) = left.pop() {
            let file: PathBuf = module.iter().collect();
            let places = match module.is_empty() {
                true => [PathBuf::from("lib.rs"), PathBuf::from("main.rs")],
                false => [file.with_extension("rs"), file.join("mod.rs")],
            };
            let text = places.iter().find_map(|place| text_of(place));
            let text = text.with_context(|| format!("there is no {}", places[0].display()))??;
            for scope in imports::read(module, &text)? {
                left.extend(scope.files.iter().map(|child| joined(&scope.module, child)));
                modules.scopes.insert(scope.module.clone(), Module { file: file.clone(), scope });
            }
        }
        Ok(modules)
    }

    /// The names of the modules below the root that have files.
    pub(super) fn top_level(&self) -> BTreeSet<String> {
        let files = self.scopes.values().filter_map(|module| module.file.iter().next());
        files.map(|name| name.to_string_lossy().into_owned()).collect()
    }

    /// Every import between two files, each once.
    pub(super) fn imports(&self) -> Vec<Import> {
        let mut found = BTreeMap::new();
        for module in self.scopes.values() {
            for path in &module.scope.paths {
                let Some(to) = self.resolve(&module.scope.module, path, DEPTH) else { continue };
                let (from, to) = (&module.file, &self.scopes[&to].file);
                if from != to {
                    found.entry((from.clone(), to.clone())).or_insert_with(|| path.join("::"));
                }
            }
        }
        found.into_iter().map(|((from, to), written)| Import { from, to, written }).collect()
    }

    /// The module with what a path names; none if that is in another crate. A re-export stands for what it names.
    fn resolve(&self, from: &Names, path: &[String], depth: usize) -> Option<Names> {
        let depth = depth.checked_sub(1)?;
        let mut at = from.clone();
        let mut rest = path;
        if let [first, others @ ..] = rest
            && first == "crate"
        {
            (at, rest) = (Names::new(), others);
        } else if let [first, others @ ..] = rest
            && first == "self"
        {
            rest = others;
        } else if let [first, ..] = rest
            && first != "super"
            && !self.knows(from, first)
        {
            return None;
        }
        while let [first, others @ ..] = rest
            && first == "super"
        {
            at.pop();
            rest = others;
        }
        while let [name, others @ ..] = rest {
            let scope = &self.scopes.get(&at)?.scope;
            if name == "*" {
                return Some(at);
            }
            if self.scopes.contains_key(&joined(&at, name)) {
                at.push(name.clone());
                rest = others;
                continue;
            }
            if let Some((_, target)) = scope.uses.iter().find(|(alias, _)| alias == name) {
                let target: Names = target.iter().chain(others).cloned().collect();
                return self.resolve(&at, &target, depth);
            }
            let globs = scope.uses.iter().filter(|(alias, _)| alias == "*" && !scope.defined.contains(name));
            for (_, glob) in globs {
                if let Some(target) = self.resolve(&at, glob, depth)
                    && self.knows(&target, name)
                {
                    return self.resolve(&target, &[&["self".to_owned()], rest].concat(), depth);
                }
            }
            // A macro that is exported has its path at the root.
            let exported = || self.scopes.values().find(|module| module.scope.defined.contains(name));
            return match exported() {
                Some(module) if at.is_empty() && !scope.defined.contains(name) => Some(module.scope.module.clone()),
                _ => Some(at),
            };
        }
        self.scopes.contains_key(&at).then_some(at)
    }

    /// Whether a module has such a name.
    fn knows(&self, module: &Names, name: &str) -> bool {
        let Some(Module { scope, .. }) = self.scopes.get(module) else { return false };
        self.scopes.contains_key(&joined(module, name))
            || scope.defined.iter().any(|defined| defined == name)
            || scope.uses.iter().any(|(alias, _)| alias == name)
    }
}

fn joined(module: &Names, child: &str) -> Names {
    let mut joined = module.clone();
    joined.push(child.to_owned());
    joined
}

#[cfg(test)]
impl Modules {
    /// A crate of these files; a later one of the same path counts.
    pub(super) fn of(files: impl AsRef<[(&'static str, &'static str)]>) -> Self {
        let text_of = |file: &Path| files.as_ref().iter().rev().find(|(path, _)| Path::new(path) == file);
        Modules::load(|file| text_of(file).map(|(_, text)| Ok((*text).to_owned()))).expect("the files are Rust")
    }
}
