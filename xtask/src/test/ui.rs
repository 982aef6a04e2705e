//! The compile errors in `tests/ui`, in two groups.
//!
//! trybuild checks its cases with one call of cargo if each of them fails; if one has to compile, it builds each of them
//! with a call of its own, which takes ten times as long. So those that have to compile are run apart.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::cargo::root;

/// The test that runs all cases, or those that its `trybuild=` arguments name.
const TEST: &str = "errors_are_as_reviewed";

/// Keeps that test out of a step that runs several test programs. One word: a test program without libtest takes another
/// one for a filter.
pub(super) const SKIPPED: &str = "--skip=errors_are_as_reviewed";

/// Its error comes when code is generated for it, so that it must be built too.
const BUILT: &str = "ours/forgotten_resource_in_a_generic_struct.rs";

/// Cases that are run together.
pub(super) struct Group {
    pub(super) name: &'static str,
    cases: Vec<String>,
}

impl Group {
    /// What chooses them, for the test program.
    pub(super) fn arguments(&self) -> Vec<String> {
        let cases = self.cases.iter().map(|case| format!("trybuild=ui/{case}"));
        std::iter::once(TEST.to_owned()).chain(cases).collect()
    }
}

/// The groups that have cases. Without `full` and without a filter: those that sundown words, and that need not be built.
///
/// # Errors
///
/// If a folder cannot be read.
pub(super) fn groups(filter: Option<&str>, full: bool) -> Result<Vec<Group>> {
    let folder = root().join("tests/ui");
    let [ours, rustc, pass] = ["ours", "rustc", "pass"].map(|name| cases(&folder, name));
    let (ours, rustc, pass) = (ours?, rustc?, pass?);
    let is_built = |case: &String| case == BUILT;
    let (mut built, mut checked): (Vec<_>, Vec<_>) = ours.into_iter().partition(is_built);
    built.extend(pass);
    if full || filter.is_some() {
        checked.extend(rustc);
    } else {
        built.clear();
    }
    let groups = [("UI tests", checked), ("UI tests that are built", built)].map(|(name, mut cases)| {
        cases.retain(|case| filter.is_none_or(|filter| case.contains(filter) || TEST.contains(filter)));
        Group { name, cases }
    });
    Ok(groups.into_iter().filter(|group| !group.cases.is_empty()).collect())
}

/// The cases in a folder of `tests/ui`, as `ours/no_guard.rs`.
fn cases(ui: &Path, folder: &str) -> Result<Vec<String>> {
    let files = ui.join(folder).read_dir().with_context(|| ui.join(folder).display().to_string())?;
    let names = files.map(|file| Ok(file?.file_name().to_string_lossy().into_owned()));
    let mut names: Vec<String> = names.collect::<Result<_>>()?;
    names.retain(|name| name.ends_with(".rs"));
    names.sort();
    Ok(names.iter().map(|name| format!("{folder}/{name}")).collect())
}

#[cfg(test)]
mod tests {
    use super::{BUILT, Group, SKIPPED, TEST, groups};

    fn chosen(filter: Option<&str>, full: bool) -> Vec<Vec<String>> {
        groups(filter, full).unwrap().into_iter().map(|group: Group| group.cases).collect()
    }

    #[test]
    fn groups_hold_every_case_once() {
        let [checked, built] = &chosen(None, true)[..] else { panic!("two groups") };
        assert!(built.iter().any(|case| case == BUILT), "the case is there under this name");
        assert!(built.iter().all(|case| case == BUILT || case.starts_with("pass/")));
        assert!(checked.iter().all(|case| case != BUILT && !case.starts_with("pass/")));
        assert!(checked.iter().any(|case| case.starts_with("rustc/")));
    }

    #[test]
    fn without_full_there_are_ours() {
        let [checked] = &chosen(None, false)[..] else { panic!("one group") };
        assert!(checked.len() > 90 && checked.iter().all(|case| case.starts_with("ours/")));
    }

    #[test]
    fn a_filter_chooses_among_all() {
        assert_eq!(chosen(Some("value_must_be"), false), [["rustc/value_must_be_used.rs"]]);
        assert_eq!(chosen(Some("one_resource"), true), [["pass/one_resource.rs"]]);
        assert!(chosen(Some("no test is called like that"), true).is_empty());
        assert_eq!(chosen(Some("reviewed"), false), chosen(None, true), "the test's own name");
        assert_eq!(SKIPPED.strip_prefix("--skip="), Some(TEST));
    }
}
