//! The minimum Rust version of the published crates.
//!
//! The library calls that are too new for it are found by clippy's `incompatible_msrv`, which reads `rust-version`. Here:
//! that it is set and the same for all, that no dependency needs more, and, where a toolchain of that version is
//! installed, that it compiles the code.
//!
//! `cargo hack --rust-version` would do the last of these alone, and must be compiled first: see `lint.rs`.

use anyhow::{Context as _, Result, ensure};

use crate::cargo::{Call, target};
use crate::metadata::{Metadata, text};

const PUBLISHED: [&str; 4] = ["sundown", "sundown-macros", "sundown-python", "sundown-pyo3-async-runtimes"];

/// # Errors
///
/// If it is not set, too low for a dependency, or too low for the code.
pub(crate) fn check(metadata: &Metadata) -> Result<String> {
    let version = text(metadata.package(PUBLISHED[0])?, "rust_version");
    let ours = parse(&version).context("`sundown` has no `rust-version`")?;
    for name in PUBLISHED {
        let other = text(metadata.package(name)?, "rust_version");
        ensure!(other == version, "`{name}` has the `rust-version` {other:?}, and `sundown` has {version}");
        for package in metadata.built_from(name)? {
            let (name, needs) = (text(package, "name"), text(package, "rust_version"));
            ensure!(parse(&needs).is_none_or(|needs| needs <= ours), "`{name}` needs Rust {needs}");
        }
    }
    if with_toolchain(&version, &["--version"]).output().is_err() {
        return Ok(format!("{version} is no installed toolchain, so only its dependencies were checked"));
    }
    let packages = PUBLISHED.map(|name| format!("--package={name}"));
    with_toolchain(&version, &["check", "--quiet", "--all-features"])
        .args(&packages)
        .env("CARGO_TARGET_DIR", target().join("msrv"))
        .check()?;
    Ok(format!("compiles with {version}"))
}

/// rustup's cargo of another version; without rustup there is none.
fn with_toolchain(version: &str, arguments: &[&str]) -> Call {
    let call = Call::new("rustup").args(["run", version, "cargo"]).args(arguments);
    // Set by the cargo that runs this, for its own version.
    ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"].into_iter().fold(call, Call::without)
}

/// `1.88` or `1.88.0`.
fn parse(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
