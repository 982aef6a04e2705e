//! The compile errors of `#[pyclass_teardown]`. One rule per file, the file named by the rule; `python/pyo3`
//! are in PyO3's words.
//!
//! `TRYBUILD=overwrite` writes the expected texts anew. Nothing here calls Python, so that no libpython is needed:
//! `PYO3_BUILD_EXTENSION_MODULE=1` keeps PyO3 from linking one.

#[test]
fn errors_are_as_reviewed() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("python/*.rs");
    cases.compile_fail("python/pyo3/*.rs");
}
