//! The types of the Python side on each platform.

use anyhow::{Result, bail, ensure};

use super::{CARGO_FAILED, on, skipped};

/// What is checked: the packages that an extension depends on, with features.
const PACKAGES: [(&str, &str); 2] = [
    ("sundown-python", "process,metrics,serde,testing,pyo3/abi3-py39"),
    ("sundown-pyo3-async-runtimes", "tokio-runtime,attributes,testing,unstable-streams,pyo3/abi3-py39"),
];

/// Without an interpreter PyO3 knows no library to link with; nor does a wheel for anything but Windows link with one.
const EXTENSION: &str = "PYO3_BUILD_EXTENSION_MODULE";

/// Checks the types of the Python side. A warning is an error.
///
/// # Errors
///
/// If it does not compile, or with warnings.
pub(super) fn check(target: &str) -> Result<String> {
    for (package, features) in PACKAGES {
        let Some(call) = on(target, &["check", "--package", package, "--features", features]) else {
            return Ok(skipped(target));
        };
        let (code, errors) = call.env(EXTENSION, "1").seeing_errors()?;
        match code {
            Some(0) => ensure!(!errors.contains("warning: `sundown"), "{package} compiles with warnings"),
            Some(CARGO_FAILED) => bail!("{package} does not compile"),
            _ => return Ok(format!("skipped: {}", errors.lines().last().unwrap_or_default())),
        }
    }
    Ok(String::new())
}
