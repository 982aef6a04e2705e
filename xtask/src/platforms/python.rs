//! The Python side: its types on each platform, and what a module imports and exports that was built for Windows.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::{on, skipped, skips};
use crate::cargo::{Call, root, target as target_directory};
use crate::python::write_config;

/// What is checked: the packages that an extension depends on, with features, and the extension that users copy. The last is
/// the feature by which it is built for the stable ABI.
const PACKAGES: [(&str, &str, &str); 3] = [
    ("sundown-python", "process,metrics,serde,testing", "pyo3/abi3-py39"),
    ("sundown-pyo3-async-runtimes", "tokio-runtime,attributes,testing,unstable-streams", "pyo3/abi3-py39"),
    ("sundown-demo", "", "abi3"),
];

/// The modules whose imports are looked at, as cargo and as Python call them: the one that users copy (`examples/pyext`), and
/// one with the drop-in.
const MODULES: [(&str, &str); 2] = [("sundown-demo", "_native"), ("stress-ours", "stress")];

/// How both are built.
const FEATURES: &str = "sundown-demo/abi3,stress-ours/abi3,pyo3/generate-import-lib";

/// For a check, which links nothing.
const UNLINKED: [(&str, &str); 3] = [
    // Without an interpreter PyO3 knows no library to link with; nor does a wheel for anything but Windows link with one.
    ("PYO3_BUILD_EXTENSION_MODULE", "1"),
    // SQLite is in C, for which most platforms have no compiler here: it is anywhere but in the package.
    ("LIBSQLITE3_SYS_USE_PKG_CONFIG", "1"),
    ("SQLITE3_LIB_DIR", "."),
];

/// Checks the types of the Python side, for the stable ABI, and for a version of CPython unless `abi3_only`. A warning is an
/// error.
///
/// # Errors
///
/// If it does not compile, or with warnings.
pub(super) fn check(target: &str, abi3_only: bool) -> Result<String> {
    if let Some(why) = check_all(target, None)? {
        return Ok(why);
    }
    if abi3_only {
        return Ok("abi3".to_owned());
    }
    let config = write_config(&target_directory().join("python/build/3.14"), "")?;
    Ok(check_all(target, Some(&config))?.unwrap_or_else(|| "abi3 and 3.14".to_owned()))
}

/// For the version that PyO3's configuration names, or for the stable ABI without one. `Some` says why it was skipped.
fn check_all(target: &str, config: Option<&Path>) -> Result<Option<String>> {
    for (package, features, abi3) in PACKAGES {
        let features = if config.is_none() { format!("{features},{abi3}") } else { features.to_owned() };
        let Some(call) = on(target, &["check", "--package", package, "--features", &features]) else {
            return Ok(Some(skipped(target)));
        };
        let call = UNLINKED.iter().fold(call, |call, (name, value)| call.env(name, value));
        let call = if let Some(config) = config { call.env("PYO3_CONFIG_FILE", config) } else { call };
        // As every wheel for musl is built: a library that Python loads is not static.
        let call =
            if target.ends_with("musl") { call.flags("RUSTFLAGS", "-C target-feature=-crt-static") } else { call };
        if let Some(why) = skips(call, &["sundown", "runner`"]).context(package)? {
            return Ok(Some(why));
        }
    }
    Ok(None)
}

/// Builds the modules for Windows, and looks at which DLLs they import: only those that every Windows and every CPython
/// has; and whether they have the function that Python calls first.
///
/// # Errors
///
/// If one does not build, imports another, or has no such function.
pub(super) fn imports(target: &str) -> Result<String> {
    let packages = MODULES.iter().flat_map(|(package, _)| ["--package", package]);
    let arguments: Vec<&str> = ["build", "--features", FEATURES].into_iter().chain(packages).collect();
    let Some(call) = on(target, &arguments) else { return Ok(skipped(target)) };
    if let Some(why) = skips(call, &["sundown", "runner`", "stress-ours`"])? {
        return Ok(why);
    }
    // Where the tool builds.
    let folder =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| format!("target/on/{target}").into(), PathBuf::from);
    let mut all = BTreeSet::new();
    for (package, module) in MODULES {
        let file = package.replace('-', "_") + ".dll";
        let path = root().join(&folder).join(target).join("debug").join(&file);
        let printed = Call::new("objdump").args(["-p"]).args([&path]).output().context("objdump of binutils")?;
        let imported = imported(&printed);
        ensure!(imported.contains("python3.dll"), "{file} does not import python3.dll, but {imported:?}");
        let strange: Vec<&String> =
            imported.iter().filter(|name| *name != "python3.dll" && !is_systems(name)).collect();
        ensure!(strange.is_empty(), "{file} imports {strange:?}");
        let first = format!("PyInit_{module}");
        let exported = |line: &str| line.split_ascii_whitespace().any(|word| word == first);
        ensure!(printed.lines().any(exported), "{file} does not export `{first}`");
        all.extend(imported);
    }
    Ok(Vec::from_iter(all).join(", "))
}

/// The DLLs that it names, in lower case, each once.
fn imported(printed: &str) -> BTreeSet<String> {
    let names = printed.lines().filter_map(|line| line.trim().strip_prefix("DLL Name:"));
    names.map(|name| name.trim().to_lowercase()).collect()
}

/// Whether every Windows has it. Not the runtime libraries of a compiler.
fn is_systems(name: &str) -> bool {
    const SYSTEMS: [&str; 15] = [
        "advapi32.dll",
        "bcrypt.dll",
        "bcryptprimitives.dll",
        "combase.dll",
        "crypt32.dll",
        "kernel32.dll",
        "msvcrt.dll",
        "ntdll.dll",
        "ole32.dll",
        "oleaut32.dll",
        "rpcrt4.dll",
        "shell32.dll",
        "user32.dll",
        "userenv.dll",
        "ws2_32.dll",
    ];
    name.starts_with("api-ms-win-") || SYSTEMS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::{imported, is_systems};

    #[test]
    fn the_names_are_found_and_a_compilers_library_is_not_the_systems() {
        let printed =
            "\tDLL Name: KERNEL32.dll\n\tvma:  Hint\n\n\tDLL Name: libgcc_s_seh-1.dll\n\tDLL Name: kernel32.dll\n";
        let names = Vec::from_iter(imported(printed));
        assert_eq!(names, ["kernel32.dll", "libgcc_s_seh-1.dll"]);
        assert_eq!(names.iter().map(|name| is_systems(name)).collect::<Vec<_>>(), [true, false]);
    }
}
