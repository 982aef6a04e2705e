//! The build script of `sundown-python`, which cannot be run for an interpreter that is not there.

#[allow(dead_code, reason = "its `main` is not called")]
#[path = "../../python/build.rs"]
mod script;

/// As `pyo3-build-config` 0.30 writes it.
fn config(implementation: &str) -> String {
    let lines = format!("implementation={implementation}\nversion=3.11\nshared=true\n");
    lines.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn another_implementation_is_refused_by_name() {
    for (implementation, name) in [("PyPy", "PyPy"), ("GraalVM", "GraalPy"), ("RustPython", "RustPython")] {
        let found = script::implementation(&config(implementation)).unwrap();
        let refusal = script::refusal(&found).unwrap();
        assert!(refusal.contains(&format!("needs CPython, and PyO3 is configured for {name}:")), "{refusal}");
        assert!(!refusal.contains('\n'), "cargo prints one line");
    }
}

#[test]
fn cpython_is_not() {
    assert_eq!(script::implementation(&config("CPython")).as_deref(), Some("CPython"));
    assert_eq!(script::refusal("CPython"), None);
}

#[test]
fn what_is_not_understood_is_not_refused() {
    for config in ["", "6", "zz", "696d", "version=3.11"] {
        assert_eq!(script::implementation(config), None);
    }
    assert_eq!(script::implementation("implementation=PyPy\nversion=3.11").as_deref(), Some("PyPy"), "in plain text");
    assert_eq!(script::refusal(""), None);
}
