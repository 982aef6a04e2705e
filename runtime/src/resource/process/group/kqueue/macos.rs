//! libproc.

use std::io;
use std::mem::size_of;

use super::{Member, text};

/// Those that are in the group. What has ended may be among them.
#[allow(unsafe_code, reason = "no safe crate has libproc without a C compiler")]
pub(super) fn members(group: u32) -> io::Result<Vec<Member>> {
    let group = libc::pid_t::try_from(group).map_err(io::Error::other)?;
    let mut pids: Vec<libc::pid_t> = Vec::new();
    let found = loop {
        // SAFETY: a null pointer asks how many there may be.
        let room = count(|| unsafe { libc::proc_listpgrppids(group, std::ptr::null_mut(), 0) })?;
        // More than that: as many as can be started meanwhile.
        pids.resize(room + 16, 0);
        let bytes = i32::try_from(pids.len() * size_of::<libc::pid_t>()).map_err(io::Error::other)?;
        // SAFETY: the buffer has this number of bytes.
        let found = count(|| unsafe { libc::proc_listpgrppids(group, pids.as_mut_ptr().cast(), bytes) })?;
        if found < pids.len() {
            break found;
        }
    };
    Ok(pids[..found].iter().filter(|pid| **pid > 0).map(|pid| member(*pid)).collect())
}

/// What a call of libproc has counted. It returns 0 on an error too: libproc turns the -1 of the system call into it, and
/// leaves `errno`.
#[allow(unsafe_code, reason = "std sets no `errno`")]
fn count(call: impl FnOnce() -> libc::c_int) -> io::Result<usize> {
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

#[allow(unsafe_code, reason = "as in `members`")]
fn member(pid: libc::pid_t) -> Member {
    let bytes = size_of::<libc::proc_bsdinfo>() as libc::c_int;
    // SAFETY: all zeroes is a value of it, and the call writes at most as many bytes as it has.
    let (info, read) = unsafe {
        let mut info: libc::proc_bsdinfo = std::mem::zeroed();
        let read = libc::proc_pidinfo(pid, libc::PROC_PIDTBSDINFO, 0, (&raw mut info).cast(), bytes);
        (info, read)
    };
    // A zombie has no such information.
    let zombie = read != bytes || info.pbi_status == libc::SZOMB;
    Member { pid, name: text(&info.pbi_comm), zombie }
}
