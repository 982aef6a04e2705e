//! How many tests passed and failed, and which, by what their runners write.

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, Result};
use roxmltree::Document;

/// The tests of one step, or of all.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) ignored: usize,
    /// Those that were left out by name.
    pub(crate) filtered: usize,
    /// What is known of those that failed: a name at least.
    pub(crate) failures: Vec<String>,
}

impl Counts {
    /// Adds what a line of `cargo test` says, if it is a `test result:` line or one of a test that failed. Stable Rust's test
    /// programs write no file.
    pub(crate) fn see(&mut self, line: &str) {
        let Some((_, result)) = line.split_once("test result: ") else {
            if line.starts_with("test ") && line.contains("FAILED") {
                self.failures.push(line.trim_end().to_owned());
            }
            return;
        };
        // `ok. 12 passed; 0 failed; 1 ignored; …`
        let words: Vec<&str> = result.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
        let before = |what: &str| {
            let at = words.iter().position(|word| *word == what)?;
            words.get(at.checked_sub(1)?)?.parse::<usize>().ok()
        };
        self.passed += before("passed").unwrap_or(0);
        self.failed += before("failed").unwrap_or(0);
        self.ignored += before("ignored").unwrap_or(0);
        self.filtered += before("filtered").unwrap_or(0);
    }

    /// Adds what a JUnit file says.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is no XML.
    pub(crate) fn read_junit(&mut self, path: &Path) -> Result<()> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        self.add(&Self::junit(&text).with_context(|| path.display().to_string())?);
        Ok(())
    }

    /// Counts the `<testcase>` elements by what is in them, and not by the attributes of the suite: a test that passes and
    /// whose fixture fails after it is a failure. An expected failure is in the file as skipped, an unexpected pass as a
    /// failure.
    fn junit(text: &str) -> Result<Self> {
        let document = Document::parse(text)?;
        let mut counts = Counts::default();
        for case in document.descendants().filter(|node| node.has_tag_name("testcase")) {
            let find = |names: &[&str]| case.children().find(|child| names.contains(&child.tag_name().name()));
            if let Some(failure) = find(&["failure", "error"]) {
                counts.failed += 1;
                let [class, name] = ["classname", "name"].map(|name| case.attribute(name).unwrap_or_default());
                let text = failure.text().or(failure.attribute("message")).unwrap_or_default();
                counts.failures.push(format!("{class}.{name}: {}", end_of(text)));
            } else if find(&["skipped"]).is_some() {
                counts.ignored += 1;
            } else {
                counts.passed += 1;
            }
        }
        Ok(counts)
    }

    pub(crate) fn add(&mut self, other: &Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.filtered += other.filtered;
        self.failures.extend_from_slice(&other.failures);
    }
}

/// The last kilobyte of a text: where the error is.
pub(crate) fn end_of(text: &str) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(1024))..]
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} ignored", self.passed, self.failed, self.ignored)
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn results_are_counted() {
        let mut counts = Counts::default();
        counts.see("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.02s\n");
        counts
            .see("test result: \u{1b}[31mFAILED\u{1b}[0m. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n");
        counts.see("12 passed; 7 failed\n");
        counts.see("test clock::stops ... FAILED\n");
        assert_eq!(counts.to_string(), "13 passed, 2 failed, 1 ignored");
        assert_eq!(counts.filtered, 3);
        assert_eq!(counts.failures, ["test clock::stops ... FAILED"]);
    }

    #[test]
    fn junit_is_counted() {
        let counts = Counts::junit(
            r#"<?xml version="1.0" encoding="utf-8"?>
            <testsuites name="pytest tests"><testsuite name="pytest" errors="2" failures="2" skipped="2" tests="6">
            <testcase classname="it" name="passes" time="0.000"/>
            <testcase classname="it" name="prints"><system-out>&lt;failure&gt;</system-out></testcase>
            <testcase classname="it" name="fails"><failure message="assert 0">&gt; assert 0</failure></testcase>
            <testcase classname="it" name="passes_unexpectedly"><failure message="[XPASS(strict)] "/></testcase>
            <testcase classname="it" name="passes_and_cannot_clean_up"><error message="failed on teardown"/></testcase>
            <testcase classname="" name="cannot_be_imported"><error message="collection failure"/></testcase>
            <testcase classname="it" name="is_skipped"><skipped type="pytest.skip"/></testcase>
            <testcase classname="it" name="fails_as_expected"><skipped type="pytest.xfail" message=""/></testcase>
            </testsuite></testsuites>"#,
        );
        let counts = counts.unwrap();
        assert_eq!(counts.to_string(), "2 passed, 4 failed, 2 ignored");
        assert_eq!(counts.failures[0], "it.fails: > assert 0");
        assert_eq!(counts.failures[3], ".cannot_be_imported: collection failure");
        assert!(Counts::junit("").is_err(), "a runner that was killed while it wrote");
    }
}
