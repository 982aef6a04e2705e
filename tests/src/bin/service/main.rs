//! A service that a [`sundown::Root`] runs, for `tests/root.rs`. Its child is a `Process`, so it is for Linux.

#[cfg(target_os = "linux")]
mod service;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    service::run()
}

#[cfg(not(target_os = "linux"))]
fn main() {}
