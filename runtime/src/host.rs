//! What the platform says: whether the process exits, whether it was forked, and the list of the threads that run
//! users' code; what libproc knows of processes.

#[cfg(any(test, target_os = "macos", target_os = "freebsd"))]
#[cfg_attr(not(any(feature = "process", feature = "testing")), allow(dead_code))]
pub(crate) mod c_text;
pub mod exit;
pub mod fork;
#[cfg(all(target_os = "macos", any(feature = "process", feature = "testing")))]
pub(crate) mod libproc;
pub mod user_threads;
