//! libproc of macOS: which processes there are, and what is known of them.
#![allow(unsafe_code, reason = "no safe crate has libproc without a C compiler")]

use std::ffi::{c_int, c_void};
use std::io;
use std::mem::size_of;
use std::ptr;

/// The ids that one of libproc's lists has. `list` is such a function: of a buffer and the number of its bytes, or of a null
/// pointer, which asks how many there may be.
///
/// # Errors
///
/// Those of the system call.
pub(crate) fn pids(list: impl Fn(*mut c_void, c_int) -> c_int) -> io::Result<Vec<libc::pid_t>> {
    let mut pids: Vec<libc::pid_t> = Vec::new();
    let found = loop {
        let room = count(|| list(ptr::null_mut(), 0))?;
        // More than that: as many as can be started meanwhile.
        pids.resize(room + 16, 0);
        let bytes = c_int::try_from(pids.len() * size_of::<libc::pid_t>()).map_err(io::Error::other)?;
        let found = count(|| list(pids.as_mut_ptr().cast(), bytes))?;
        if found < pids.len() {
            break found;
        }
    };
    pids.truncate(found);
    pids.retain(|pid| *pid > 0);
    Ok(pids)
}

/// What is known of a process, also of one that has ended and that nobody has waited for. None if there is no such process,
/// or if it runs as another user.
pub(crate) fn info(pid: libc::pid_t) -> Option<libc::proc_bsdinfo> {
    // SAFETY: all zeroes is a value of it, and it is what this kind of information is for.
    unsafe { read(pid, libc::PROC_PIDTBSDINFO) }
}

/// As [`info`], also of a process that runs as another user: `sudo`, say.
pub(crate) fn short_info(pid: libc::pid_t) -> Option<libc::proc_bsdshortinfo> {
    // SAFETY: as in `info`.
    unsafe { read(pid, libc::PROC_PIDT_SHORTBSDINFO) }
}

/// # Safety
///
/// All zeroes is a `T`, and the kind of information is one that fits into it.
unsafe fn read<T>(pid: libc::pid_t, kind: c_int) -> Option<T> {
    let bytes = size_of::<T>() as c_int;
    // SAFETY: as the caller says; the call writes at most as many bytes as it has. The 1 asks for zombies too.
    let (info, read) = unsafe {
        let mut info: T = std::mem::zeroed();
        let read = libc::proc_pidinfo(pid, kind, 1, (&raw mut info).cast(), bytes);
        (info, read)
    };
    (read == bytes).then_some(info)
}

/// What a call of libproc has counted. It returns 0 on an error too: libproc turns the -1 of the system call into it, and
/// leaves `errno`.
fn count(call: impl FnOnce() -> c_int) -> io::Result<usize> {
    // SAFETY: it is this thread's own.
    unsafe { *libc::__error() = 0 };
    let counted = call();
    let error = io::Error::last_os_error();
    match usize::try_from(counted) {
        Ok(0) if error.raw_os_error() != Some(0) => Err(error),
        Ok(counted) => Ok(counted),
        Err(_) => Err(error),
    }
}
