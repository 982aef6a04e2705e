//! libproc.

use std::io;

use super::Member;
use crate::host::c_text::c_text;
use crate::host::libproc;

/// Those that are in the group. What has ended may be among them.
#[allow(unsafe_code, reason = "libproc has no safe functions")]
pub(super) fn members(group: u32) -> io::Result<Vec<Member>> {
    let group = libc::pid_t::try_from(group).map_err(io::Error::other)?;
    // SAFETY: the buffer has this number of bytes, or there is none.
    let pids = libproc::pids(|buffer, bytes| unsafe { libc::proc_listpgrppids(group, buffer, bytes) })?;
    Ok(pids.into_iter().map(member).collect())
}

fn member(pid: libc::pid_t) -> Member {
    let info = libproc::short_info(pid);
    let zombie = info.as_ref().is_none_or(|info| info.pbsi_status == libc::SZOMB);
    Member { pid, name: info.map(|info| c_text(&info.pbsi_comm)).unwrap_or_default(), zombie }
}
