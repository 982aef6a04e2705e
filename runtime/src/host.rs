//! What the platform says: whether the process exits, whether it was forked, what runs, and the list of the threads that
//! run users' code; what `/proc` and libproc know of processes.

#[cfg(any(test, target_os = "macos", target_os = "freebsd"))]
#[cfg_attr(not(any(feature = "process", target_os = "macos")), allow(dead_code))]
pub(crate) mod c_text;
pub(crate) mod census;
pub mod exit;
pub mod fork;
#[cfg(target_os = "macos")]
pub(crate) mod libproc;
#[cfg(target_os = "linux")]
pub(crate) mod procfs;
pub mod user_threads;
