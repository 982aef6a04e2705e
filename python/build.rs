//! Refuses to be built for PyPy and GraalPy, in one error: what the exit of CPython needs is not there.
//!
//! PyO3 (0.29 and later) hands what it is built for to the build scripts of those who depend on it, for
//! `pyo3-build-config`. One word of that is read here: the crate itself would have to be of PyO3's exact version. If
//! the word is not found nothing is refused.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let config = env::var("DEP_PYO3_PYTHON_PYO3_CONFIG").unwrap_or_default();
    let implementation = implementation(&config).unwrap_or_default();
    // For a test that the word is still found.
    println!("cargo::rustc-env=SUNDOWN_BUILT_FOR={implementation}");
    if let Some(refusal) = refusal(&implementation) {
        println!("cargo::error={refusal}");
    }
}

/// Which Python PyO3 is built for, out of lines of `key=value`, which are written in hexadecimal digits.
pub(crate) fn implementation(config: &str) -> Option<String> {
    let digits = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    let decoded: Option<Vec<u8>> = config.as_bytes().chunks(2).map(digits).collect();
    let config = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| config.to_owned());
    let value = config.lines().find_map(|line| line.trim().strip_prefix("implementation="))?;
    Some(value.trim().to_owned())
}

/// Why it cannot be built.
pub(crate) fn refusal(implementation: &str) -> Option<String> {
    let name = match implementation {
        "" | "CPython" => return None,
        "GraalVM" => "GraalPy",
        other => other,
    };
    Some(format!(
        "sundown-python needs CPython, and PyO3 is configured for {name}: leave {name} out of the wheels' targets"
    ))
}
