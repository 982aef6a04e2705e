//! The leak check, against real leaks of each kind.
//!
//! Each case runs in a process of its own: the check looks at the whole process, and a leak stays until its end.

#[cfg(target_os = "linux")]
#[path = "testing/linux.rs"]
mod cases;
#[cfg(windows)]
#[path = "testing/windows.rs"]
mod cases;

#[cfg(not(any(target_os = "linux", windows)))]
mod cases {
    use sundown_tests::{NotPassed, run_cases};

    pub(super) fn main() -> super::ExitCode {
        run_cases(&[("leaks_of_each_kind".to_owned(), "it is written for Linux and Windows")], |reason| {
            Err(NotPassed::Ignored((*reason).to_owned()))
        })
    }
}

use std::process::ExitCode;

fn main() -> ExitCode {
    cases::main()
}
