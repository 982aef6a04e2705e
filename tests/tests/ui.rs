//! The compile errors. One rule per file, the file named by the rule.
//!
//! `ui/ours` are in our own words; `ui/rustc` are in rustc's, some with notes of ours, and may change with the compiler.
//! `TRYBUILD=overwrite cargo test -p sundown-tests --test ui` writes the expected texts anew.

#[test]
fn errors_are_as_reviewed() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/ours/*.rs");
    cases.compile_fail("ui/rustc/*.rs");
    cases.pass("ui/pass/*.rs");
}
