//! `Process` on Windows: jobs, CTRL_BREAK, the end of the input. The children are this program, and `cmd`. The other tests of
//! it are in `process.rs`, with shells.

#[cfg(windows)]
#[path = "process_windows/cases.rs"]
mod cases;

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(windows)]
    return cases::main();
    #[cfg(not(windows))]
    sundown_tests::run_cases::<(), String>(&[], |()| Ok(()))
}
