//! Threads, from the Mach task; child processes, from libproc.
//!
//! The id of a thread is not used again before the system is started anew.
#![allow(unsafe_code, reason = "std has none of this")]

use std::ffi::c_int;
use std::mem::size_of;
use std::time::Duration;
use std::{ptr, slice};

use libc::{integer_t, kern_return_t, mach_msg_type_number_t, mach_port_t, thread_act_t};

use super::{Process, Thread, ThreadState};
use crate::host::c_text::c_text;
use crate::host::libproc;

/// Why there is no list.
pub(crate) const NOT_LISTED: &str = "threads and child processes are not listed: the kernel gives no list";

pub(super) fn threads() -> Vec<Thread> {
    Ports::all().iter().filter_map(|port| thread(*port)).collect()
}

/// None, if it has ended.
fn thread(port: thread_act_t) -> Option<Thread> {
    // SAFETY: all zeroes is a value of both, and these are the kinds of information that they are for.
    let (identifier, extended) = unsafe {
        let identifier: libc::thread_identifier_info = info(port, libc::THREAD_IDENTIFIER_INFO)?;
        let extended: libc::thread_extended_info = info(port, libc::THREAD_EXTENDED_INFO)?;
        (identifier, extended)
    };
    let state = match extended.pth_run_state {
        libc::TH_STATE_RUNNING => Some(ThreadState::Running),
        libc::TH_STATE_WAITING => Some(ThreadState::Sleeping),
        libc::TH_STATE_UNINTERRUPTIBLE => Some(ThreadState::Blocked),
        libc::TH_STATE_STOPPED => Some(ThreadState::Stopped),
        _ => None,
    };
    Some(Thread {
        tid: tid(identifier.thread_id),
        name: c_text(&extended.pth_name),
        state,
        cpu: Duration::from_nanos(extended.pth_user_time.saturating_add(extended.pth_system_time)),
        started: identifier.thread_id,
    })
}

/// They are counted from the start of the system.
fn tid(id: u64) -> u32 {
    u32::try_from(id).unwrap_or(u32::MAX)
}

/// The thread that asks.
pub(super) fn caller() -> Option<u32> {
    let mut id = 0;
    // SAFETY: zero stands for this thread, and `id` is a local.
    (unsafe { libc::pthread_threadid_np(0, &raw mut id) } == 0).then(|| tid(id))
}

/// The thread that runs `main`: the first one.
pub(super) fn main(threads: &[Thread]) -> Option<u32> {
    threads.iter().min_by_key(|thread| thread.started).map(|thread| thread.tid)
}

/// The children of this process, and theirs.
pub(super) fn processes() -> Vec<Process> {
    let own = std::process::id();
    let mut family = vec![own];
    let mut found: Vec<Process> = Vec::new();
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        next += 1;
        // SAFETY: the buffer has this number of bytes, or there is none.
        let list = |buffer, bytes| unsafe { libc::proc_listchildpids(parent.cast_signed(), buffer, bytes) };
        for pid in libproc::pids(list).unwrap_or_default() {
            let known = family.contains(&pid.cast_unsigned());
            let Some(process) = process(pid, parent).filter(|_| !known) else { continue };
            family.push(process.pid);
            // A zombie of a child's is the child's to reap.
            if !process.zombie || parent == own {
                found.push(process);
            }
        }
    }
    found
}

fn process(pid: libc::pid_t, parent: u32) -> Option<Process> {
    let short = libproc::short_info(pid)?;
    // None of one that runs as another user.
    let long = libproc::info(pid);
    let name = long.as_ref().map(|info| c_text(&info.pbi_name)).filter(|name| !name.is_empty());
    // In microseconds since 1970.
    let started =
        |info: libc::proc_bsdinfo| info.pbi_start_tvsec.saturating_mul(1_000_000).saturating_add(info.pbi_start_tvusec);
    Some(Process {
        pid: pid.cast_unsigned(),
        parent,
        group: Some(short.pbsi_pgid),
        zombie: short.pbsi_status == libc::SZOMB,
        command: name.unwrap_or_else(|| c_text(&short.pbsi_comm)),
        started: long.map_or(0, started),
    })
}

/// What is known of a thread; none, if it has ended.
///
/// # Safety
///
/// All zeroes is a `T`, and the kind of information is one that fits into it.
unsafe fn info<T>(port: thread_act_t, kind: c_int) -> Option<T> {
    let mut length = (size_of::<T>() / size_of::<integer_t>()) as mach_msg_type_number_t;
    // SAFETY: as the caller says; the length is that of the local.
    unsafe {
        let mut info: T = std::mem::zeroed();
        let result = libc::thread_info(port, kind.cast_unsigned(), (&raw mut info).cast(), &raw mut length);
        (result == libc::KERN_SUCCESS).then_some(info)
    }
}

// What libc has of them, it calls deprecated.
unsafe extern "C" {
    static mach_task_self_: mach_port_t;
    fn mach_port_deallocate(task: mach_port_t, name: mach_port_t) -> kern_return_t;
}

/// The ports of all threads of this process, in memory that the kernel has given.
struct Ports {
    first: *mut thread_act_t,
    count: mach_msg_type_number_t,
}

impl Ports {
    /// None at all, if the kernel has no memory for them.
    fn all() -> Self {
        let mut ports = Ports { first: ptr::null_mut(), count: 0 };
        // SAFETY: the port is this process's own, and the rest are locals.
        let result = unsafe { libc::task_threads(mach_task_self_, &raw mut ports.first, &raw mut ports.count) };
        if result == libc::KERN_SUCCESS { ports } else { Ports { first: ptr::null_mut(), count: 0 } }
    }

    fn iter(&self) -> slice::Iter<'_, thread_act_t> {
        if self.first.is_null() {
            return [].iter();
        }
        // SAFETY: the kernel has written this number of them, and the memory is this value's until its drop.
        unsafe { slice::from_raw_parts(self.first, self.count as usize) }.iter()
    }
}

impl Drop for Ports {
    fn drop(&mut self) {
        for port in self.iter() {
            // SAFETY: the right to it came with the list, and is not used after this.
            unsafe { mach_port_deallocate(mach_task_self_, *port) };
        }
        if !self.first.is_null() {
            let bytes = self.count as usize * size_of::<thread_act_t>();
            // SAFETY: the memory came with the list, and nothing borrows from it any more.
            unsafe { libc::vm_deallocate(mach_task_self_, self.first.addr(), bytes) };
        }
    }
}
