//! A chain of processes, for `tests/process_chain.rs` and `tests/process_tree.rs`: each starts the next one and ends. Its
//! arguments: how many they are, the file that the last one makes before it ends, and how long each takes, in microseconds.

#![cfg_attr(not(unix), allow(unused))]

use std::fs;
use std::thread;
use std::time::Duration;

#[cfg(unix)]
#[allow(unsafe_code, reason = "std does not fork")]
fn main() {
    let mut arguments = std::env::args().skip(1);
    let links: usize = arguments.next().and_then(|links| links.parse().ok()).expect("how many");
    let file = arguments.next().expect("a file");
    let takes = arguments.next().map_or(0, |takes| takes.parse().expect("microseconds"));
    for _ in 1..links {
        // SAFETY: there is one thread, so that the child has all that its parent had.
        match unsafe { libc::fork() } {
            0 if takes > 0 => thread::sleep(Duration::from_micros(takes)),
            0 => {}
            // SAFETY: it returns to nobody; the child has the rest to do.
            1.. => unsafe { libc::_exit(0) },
            _ => panic!("{}", std::io::Error::last_os_error()),
        }
    }
    fs::write(file, "the last one").expect("its directory is there");
}

#[cfg(not(unix))]
fn main() -> std::process::ExitCode {
    std::process::ExitCode::FAILURE // there is no fork
}
