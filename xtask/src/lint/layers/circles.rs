//! Circles of imports.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use super::modules::Import;

/// A shortest circle through each group of files that import each other. What a child takes from the file of a module
/// around it does not count.
pub(super) fn between_files(imports: &[&Import]) -> Vec<Vec<Import>> {
    circles(imports.iter().filter(|import| !import.from.starts_with(&import.to)).map(|import| (*import).clone()))
}

/// The same for modules of one parent, each taken with everything below it.
pub(super) fn between_siblings(imports: &[&Import]) -> Vec<Vec<Import>> {
    circles(imports.iter().filter_map(|import| {
        let common = import.from.iter().zip(import.to.iter()).take_while(|(from, to)| from == to).count();
        let sibling = |module: &Path| -> Option<PathBuf> {
            let sibling: PathBuf = module.iter().take(common + 1).collect();
            (sibling.iter().count() > common).then_some(sibling)
        };
        Some(Import { from: sibling(&import.from)?, to: sibling(&import.to)?, written: import.written.clone() })
    }))
}

fn circles(imports: impl Iterator<Item = Import>) -> Vec<Vec<Import>> {
    let mut graph: BTreeMap<PathBuf, Vec<Import>> = BTreeMap::new();
    for import in imports.filter(|import| import.from != import.to) {
        graph.entry(import.from.clone()).or_default().push(import);
    }
    let mut reported = BTreeSet::new();
    let mut circles = Vec::new();
    for start in graph.keys() {
        if reported.contains(start) {
            continue;
        }
        if let Some(circle) = shortest(&graph, start) {
            reported.extend(circle.iter().map(|import| import.from.clone()));
            circles.push(circle);
        }
    }
    circles
}

/// The imports on the shortest way from a module back to it.
fn shortest(graph: &BTreeMap<PathBuf, Vec<Import>>, start: &Path) -> Option<Vec<Import>> {
    let mut came_by: BTreeMap<&Path, &Import> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(module) = queue.pop_front() {
        for import in graph.get(module).into_iter().flatten() {
            if import.to == start {
                let mut circle = vec![import.clone()];
                while let Some(before) = came_by.get(circle.last()?.from.as_path()) {
                    circle.push((*before).clone());
                }
                circle.reverse();
                return Some(circle);
            }
            if !came_by.contains_key(import.to.as_path()) {
                came_by.insert(&import.to, import);
                queue.push_back(&import.to);
            }
        }
    }
    None
}
