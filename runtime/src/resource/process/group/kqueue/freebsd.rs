//! `sysctl` `kern.proc.pgrp`.

use std::io;
use std::mem::size_of;
use std::ptr;

use super::Member;
use crate::host::c_text::c_text;

/// Those that are in the group. What has ended may be among them.
#[allow(unsafe_code, reason = "std has no sysctl")]
pub(super) fn members(group: u32) -> io::Result<Vec<Member>> {
    let group = libc::c_int::try_from(group).map_err(io::Error::other)?;
    let name = [libc::CTL_KERN, libc::KERN_PROC, libc::KERN_PROC_PGRP, group];
    let mut found: Vec<libc::kinfo_proc> = Vec::new();
    loop {
        // Room for more than there were: as many as can be started meanwhile.
        found.reserve_exact(found.capacity() + 16);
        let mut bytes = found.capacity() * size_of::<libc::kinfo_proc>();
        // SAFETY: the name has four numbers, the buffer room for this number of bytes, and nothing is set.
        let result =
            unsafe { libc::sysctl(name.as_ptr(), 4, found.as_mut_ptr().cast(), &raw mut bytes, ptr::null(), 0) };
        if result == 0 {
            // SAFETY: the kernel has written whole structures, and `bytes` is their size.
            unsafe { found.set_len(bytes / size_of::<libc::kinfo_proc>()) };
            return Ok(found.iter().map(member).collect());
        }
        match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::ENOMEM) => {} // more than there is room for
            error if error.raw_os_error() == Some(libc::ESRCH) => return Ok(Vec::new()),
            error => return Err(error),
        }
    }
}

fn member(info: &libc::kinfo_proc) -> Member {
    Member { pid: info.ki_pid, name: c_text(&info.ki_comm), zombie: info.ki_stat == libc::SZOMB }
}
