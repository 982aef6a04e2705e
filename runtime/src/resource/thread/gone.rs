//! The end of the OS thread, after the thread has announced its own.
//!
//! The announcement comes from the last thread-local destructor that Rust runs. Destructors of C libraries (of
//! `pthread_key_create`) run after it, and may take any time; a thread that runs one has not stopped. Elsewhere the OS
//! takes the thread away within microseconds.

use std::thread::JoinHandle;

use super::end::Join;

/// Joins a thread that has announced its end, if that takes no time worth mentioning: a poll may wait behind this. Else the
/// handle comes back, for a thread that may block.
pub(super) fn join_at_once(handle: JoinHandle<()>, join: Join) -> Result<(), JoinHandle<()>> {
    match join {
        Join::AtOnce => os::join_at_once(handle),
        // It still wakes somebody, who may have to wait for this very poll.
        Join::Never => Err(handle),
    }
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "std has no join with a limit")]
mod os {
    use std::os::unix::thread::JoinHandleExt as _;
    use std::ptr;
    use std::thread::JoinHandle;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    /// More than the exit of a thread takes, and less than a poll may take.
    const LIMIT: Duration = Duration::from_millis(1);

    pub(super) fn join_at_once(handle: JoinHandle<()>) -> Result<(), JoinHandle<()>> {
        #[allow(clippy::unnecessary_cast, reason = "musl's is a pointer")]
        let thread = handle.as_pthread_t() as libc::pthread_t;
        let until = (SystemTime::now() + LIMIT).duration_since(UNIX_EPOCH).unwrap_or_default();
        let until = libc::timespec { tv_sec: until.as_secs() as _, tv_nsec: until.subsec_nanos() as libc::c_long };
        // SAFETY: the handle owns the thread, which was neither joined nor detached; `until` lives until the call returns,
        // and a null pointer means that the thread's value is not wanted.
        if unsafe { libc::pthread_timedjoin_np(thread, ptr::null_mut(), &until) } == 0 {
            // It was joined here: dropping the handle would detach it.
            let _ = handle.into_pthread_t();
            Ok(())
        } else {
            Err(handle)
        }
    }
}

/// Where nothing joins with a limit, another thread joins.
#[cfg(not(target_os = "linux"))]
mod os {
    use std::thread::JoinHandle;

    pub(super) fn join_at_once(handle: JoinHandle<()>) -> Result<(), JoinHandle<()>> {
        Err(handle)
    }
}
