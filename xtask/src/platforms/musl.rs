//! Programs that are linked statically with musl: those of `examples/small`, which run here.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::{PATIENCE, on, skipped, skips};
use crate::cargo::{Call, target};
use crate::metadata::Metadata;
use crate::python;
use crate::test::Counts;

pub(super) const TARGET: &str = "x86_64-unknown-linux-musl";

/// Links and runs them. The note says how many tests have run them.
///
/// # Errors
///
/// If one does not link, is not static, or does not do what its test says.
pub(super) fn run(metadata: &Metadata) -> Result<String> {
    let linker = linker()?;
    // The linker has musl and an unwinder of its own; Rust's are not there, because std was built here.
    let call = |arguments: &[&str]| -> Option<Call> {
        let call = on(TARGET, arguments)?.flags("RUSTFLAGS", "-Clink-self-contained=no");
        Some(call.env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER", &linker))
    };
    let Some(build) = call(&["build", "--package", "small", "--examples"]) else { return Ok(skipped(TARGET)) };
    if let Some(why) = skips(build, &["sundown`"])? {
        return Ok(why);
    }
    let examples = metadata.targets("small", "example")?;
    for name in &examples {
        let program = target().join("on").join(TARGET).join(TARGET).join("debug/examples").join(name);
        ensure!(!has_interpreter(&program)?, "{name} is not static");
    }
    let mut counts = Counts::default();
    if let Some(test) = call(&["test", "--package", "small", "--test", "small"]) {
        test.check_seeing_within(PATIENCE, |line| counts.see(line))?;
    }
    ensure!(counts.passed > 0, "it ran no tests");
    Ok(format!("{} static programs, {counts}", examples.len()))
}

/// A linker that brings musl: zig's C compiler, which is a package of Python's.
fn linker() -> Result<PathBuf> {
    let zig = python::zig()?;
    let linker = target().join("on").join(format!("{TARGET}-linker"));
    fs::create_dir_all(linker.parent().context("it is in a folder")?)?;
    fs::write(
        &linker,
        format!("#!/bin/sh\nexec '{}' -m ziglang cc -target x86_64-linux-musl \"$@\"\n", zig.display()),
    )?;
    fs::set_permissions(&linker, fs::Permissions::from_mode(0o755))?;
    Ok(linker)
}

/// Whether the program needs a dynamic linker: it has a header `PT_INTERP`.
fn has_interpreter(program: &Path) -> Result<bool> {
    let file = fs::read(program).with_context(|| program.display().to_string())?;
    interpreted(&file).with_context(|| format!("{} is no program of 64 bits", program.display()))
}

/// As [`has_interpreter`], of the contents of a file; none if it is no ELF file of 64 bits.
fn interpreted(file: &[u8]) -> Option<bool> {
    const PT_INTERP: u64 = 3;
    let number = |at: usize, bytes: usize| -> Option<u64> {
        let bytes = file.get(at..at.checked_add(bytes)?)?;
        Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    file.starts_with(b"\x7fELF\x02\x01").then_some(())?;
    let (first, size, count) = (number(0x20, 8)?, number(0x36, 2)?, number(0x38, 2)?);
    let mut headers = (0..count).map(|nth| number(usize::try_from(first + nth * size).ok()?, 4));
    headers.try_fold(false, |found, header| Some(found | (header? == PT_INTERP)))
}

#[cfg(test)]
mod tests {
    use super::{has_interpreter, interpreted};

    #[test]
    fn a_program_of_this_system_has_an_interpreter() {
        assert!(has_interpreter(&std::env::current_exe().unwrap()).unwrap());
        assert_eq!(interpreted(b"#!/bin/sh"), None);
        assert_eq!(interpreted(b"\x7fELF\x02\x01"), None);
    }
}
