//! The leak check, against real leaks of each kind.
//!
//! Each case runs in a process of its own: the check looks at the whole process, and a leak stays until its end.

#[cfg(target_os = "linux")]
#[path = "testing/linux.rs"]
mod cases;
#[cfg(windows)]
#[path = "testing/windows.rs"]
mod cases;

use std::process::ExitCode;

fn main() -> ExitCode {
    cases::main()
}
