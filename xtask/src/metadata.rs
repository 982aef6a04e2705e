//! What `cargo metadata` says of the workspace.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::cargo::cargo;

/// The workspace and everything that it depends on, with all features.
pub(crate) struct Metadata {
    json: Value,
}

impl Metadata {
    /// # Errors
    ///
    /// If cargo fails.
    pub(crate) fn load() -> Result<Self> {
        let json = cargo(["metadata", "--format-version=1", "--all-features", "--locked"]).output()?;
        Ok(Metadata { json: serde_json::from_str(&json).context("cargo metadata")? })
    }

    /// A package of the workspace.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub(crate) fn package(&self, name: &str) -> Result<&Value> {
        let members = list(&self.json, "workspace_members");
        list(&self.json, "packages")
            .iter()
            .find(|package| package["name"] == name && members.contains(&package["id"]))
            .with_context(|| format!("the workspace has no package `{name}`"))
    }

    /// The names of a package's targets of one kind, such as `bench`.
    ///
    /// # Errors
    ///
    /// If there is no such package.
    pub(crate) fn targets(&self, package: &str, kind: &str) -> Result<Vec<String>> {
        let targets = list(self.package(package)?, "targets").iter();
        let of_kind = targets.filter(|target| list(target, "kind").iter().any(|found| found == kind));
        Ok(of_kind.map(|target| text(target, "name")).collect())
    }

    /// The features of a package, each with those of the same package that it switches on.
    ///
    /// # Errors
    ///
    /// If there is no such package.
    pub(crate) fn features(&self, package: &str) -> Result<BTreeMap<String, BTreeSet<String>>> {
        let features = self.package(package)?["features"].as_object().context("a package has features")?;
        let is_feature = |name: &str| features.contains_key(name);
        let implied = |names: &Value| {
            let names = names.as_array().into_iter().flatten().filter_map(Value::as_str);
            names.filter(|name| is_feature(name)).map(str::to_owned).collect()
        };
        Ok(features.iter().map(|(name, names)| (name.clone(), implied(names))).collect())
    }

    /// The packages of the workspace that cannot be without Python: they need PyO3, or each other.
    ///
    /// `cargo test` would have to link them with a libpython, which a machine with a Python need not have.
    pub(crate) fn python_packages(&self) -> Vec<String> {
        let members = list(&self.json, "workspace_members");
        let packages = list(&self.json, "packages").iter().filter(|package| members.contains(&package["id"]));
        let packages: Vec<&Value> = packages.collect();
        let mut found: Vec<String> = Vec::new();
        loop {
            let needs_python = |dependency: &&Value| {
                let name = text(dependency, "name");
                dependency["optional"] != true && (name == "pyo3" || found.contains(&name))
            };
            let next: Vec<String> = packages
                .iter()
                .filter(|package| list(package, "dependencies").iter().any(|dependency| needs_python(&dependency)))
                .map(|package| text(package, "name"))
                .collect();
            if next == found {
                return found;
            }
            found = next;
        }
    }

    /// Everything that the package is built from: itself, its dependencies and theirs, those of its tests excepted.
    ///
    /// # Errors
    ///
    /// If there is no such package.
    pub(crate) fn built_from(&self, package: &str) -> Result<Vec<&Value>> {
        let nodes = list(&self.json["resolve"], "nodes");
        let mut ids = vec![&self.package(package)?["id"]];
        let mut next = 0;
        while let Some(&id) = ids.get(next) {
            next += 1;
            let node = nodes.iter().find(|node| node["id"] == *id).context("every package is resolved")?;
            for dependency in list(node, "deps") {
                let is_built = list(dependency, "dep_kinds").iter().any(|kind| kind["kind"] != "dev");
                if is_built && !ids.contains(&&dependency["pkg"]) {
                    ids.push(&dependency["pkg"]);
                }
            }
        }
        Ok(list(&self.json, "packages").iter().filter(|package| ids.contains(&&package["id"])).collect())
    }
}

/// A list in the JSON; empty if it is not there.
fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// A string in the JSON; empty if it is not there.
pub(crate) fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
