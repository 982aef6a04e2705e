//! What is not supported says so, in one error, where it is used; and what existing code writes compiles.
//!
//! `TRYBUILD=overwrite` writes the expected texts anew. Nothing here calls Python, so that no libpython is needed:
//! `PYO3_BUILD_EXTENSION_MODULE=1` keeps PyO3 from linking one.

#[test]
fn errors_are_as_reviewed() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/*.rs");
}
