//! The Python side: its types on each platform, and what a module imports that was built for Windows.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};

use super::{on, skipped, skips};
use crate::cargo::{Call, root};

/// What is checked: the packages that an extension depends on, with features.
const PACKAGES: [(&str, &str); 2] = [
    ("sundown-python", "process,metrics,serde,testing,pyo3/abi3-py39"),
    ("sundown-pyo3-async-runtimes", "tokio-runtime,attributes,testing,unstable-streams,pyo3/abi3-py39"),
];

/// The module whose imports are looked at: with `sundown-python` and the drop-in, and nothing that needs Unix.
const MODULE: &str = "stress-ours";

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
        if let Some(why) = skips(call.env(EXTENSION, "1"), &["sundown"]).context(package)? {
            return Ok(why);
        }
    }
    Ok(String::new())
}

/// Builds a module for Windows, and looks at which DLLs it imports: only those that every Windows and every CPython has.
///
/// # Errors
///
/// If it does not build, or imports another.
pub(super) fn imports(target: &str) -> Result<String> {
    let features = "abi3,pyo3/generate-import-lib";
    let Some(call) = on(target, &["build", "--package", MODULE, "--features", features]) else {
        return Ok(skipped(target));
    };
    if let Some(why) = skips(call, &[]).context(MODULE)? {
        return Ok(why);
    }
    let file = MODULE.replace('-', "_") + ".dll";
    let module = root().join("target/on").join(target).join(target).join("debug").join(file);
    let printed = Call::new("objdump").args(["-p"]).args([&module]).output().context("objdump of binutils")?;
    let imported = imported(&printed);
    ensure!(imported.contains("python3.dll"), "it does not import python3.dll, but {imported:?}");
    let strange: Vec<&String> = imported.iter().filter(|name| *name != "python3.dll" && !is_systems(name)).collect();
    ensure!(strange.is_empty(), "it imports {strange:?}");
    Ok(Vec::from_iter(imported).join(", "))
}

/// The DLLs that it names, in lower case, each once.
fn imported(printed: &str) -> BTreeSet<String> {
    let names = printed.lines().filter_map(|line| line.trim().strip_prefix("DLL Name:"));
    names.map(|name| name.trim().to_lowercase()).collect()
}

/// Whether every Windows has it. Not the runtime libraries of a compiler.
fn is_systems(name: &str) -> bool {
    const SYSTEMS: [&str; 12] = [
        "advapi32.dll",
        "bcrypt.dll",
        "bcryptprimitives.dll",
        "crypt32.dll",
        "kernel32.dll",
        "msvcrt.dll",
        "ntdll.dll",
        "ole32.dll",
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
