//! The Python side: its types on each platform, and what a module imports that was built for Windows.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};

use super::{on, skipped, skips};
use crate::cargo::{Call, root};

/// What is checked: the packages that an extension depends on, with features, and the extension that users copy.
const PACKAGES: [(&str, &str); 3] = [
    ("sundown-python", "process,metrics,serde,testing,pyo3/abi3-py39"),
    ("sundown-pyo3-async-runtimes", "tokio-runtime,attributes,testing,unstable-streams,pyo3/abi3-py39"),
    ("sundown-demo", "abi3"),
];

/// The modules whose imports are looked at: the one that users copy (`examples/pyext`), and one with the drop-in.
const MODULES: [&str; 2] = ["sundown-demo", "stress-ours"];

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
        let call = UNLINKED.iter().fold(call, |call, (name, value)| call.env(name, value));
        if let Some(why) = skips(call, &["sundown", "runner`"]).context(package)? {
            return Ok(why);
        }
    }
    Ok(String::new())
}

/// Builds the modules for Windows, and looks at which DLLs they import: only those that every Windows and every CPython
/// has.
///
/// # Errors
///
/// If one does not build, or imports another.
pub(super) fn imports(target: &str) -> Result<String> {
    let packages = MODULES.iter().flat_map(|module| ["--package", module]);
    let arguments: Vec<&str> = ["build", "--features", FEATURES].into_iter().chain(packages).collect();
    let Some(call) = on(target, &arguments) else { return Ok(skipped(target)) };
    if let Some(why) = skips(call, &["sundown", "runner`", "stress-ours`"])? {
        return Ok(why);
    }
    let mut all = BTreeSet::new();
    for module in MODULES {
        let file = module.replace('-', "_") + ".dll";
        let path = root().join("target/on").join(target).join(target).join("debug").join(&file);
        let printed = Call::new("objdump").args(["-p"]).args([&path]).output().context("objdump of binutils")?;
        let imported = imported(&printed);
        ensure!(imported.contains("python3.dll"), "{file} does not import python3.dll, but {imported:?}");
        let strange: Vec<&String> =
            imported.iter().filter(|name| *name != "python3.dll" && !is_systems(name)).collect();
        ensure!(strange.is_empty(), "{file} imports {strange:?}");
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
