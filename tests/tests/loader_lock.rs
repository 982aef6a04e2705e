//! Drops under the loader lock of Windows, which a thread needs to begin and to end: in destructors of thread-locals, at the
//! exit, and in a DLL that is unloaded. One that waits there waits for itself.

#[cfg(windows)]
#[path = "loader_lock/cases.rs"]
mod cases;

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(windows)]
    return cases::main();
    #[cfg(not(windows))]
    sundown_tests::run_cases::<(), String>(&[], |()| Ok(()))
}
