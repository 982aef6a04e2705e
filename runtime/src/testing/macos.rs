//! Threads, from the Mach task; child processes, from libproc.
//!
//! The id of a thread is not used again before the system is started anew; that of a process is, but not together with the
//! time of its start. What ends while the list is made is left out.
#![allow(unsafe_code, reason = "std has none of this")]

use std::ffi::c_int;
use std::mem::size_of;
use std::{ptr, slice};

use libc::{integer_t, kern_return_t, mach_msg_type_number_t, mach_port_t, thread_act_t};

use super::survivors::Survivor;
use crate::host::c_text::c_text;
use crate::host::libproc;

pub(super) use super::no_descriptors::Descriptor;

/// What is not compared here.
pub(super) fn not_compared() -> Option<&'static str> {
    Some("descriptors are not compared on this system")
}

/// A thread of this process.
#[derive(Debug)]
pub(super) struct Thread {
    pub(super) name: String,
    id: u64,
}

/// A child process, or one of its own.
#[derive(Debug)]
pub(super) struct Process {
    pid: libc::pid_t,
    zombie: bool,
    /// In seconds since 1970, and microseconds.
    started: (u64, u64),
    name: String,
}

impl Thread {
    pub(super) fn all() -> Vec<Self> {
        Ports::all().iter().filter_map(|port| Self::find(*port)).collect()
    }

    /// None, if it has ended.
    fn find(port: thread_act_t) -> Option<Self> {
        // SAFETY: all zeroes is a value of both, and these are the kinds of information that they are for.
        let (identifier, extended) = unsafe {
            let identifier: libc::thread_identifier_info = info(port, libc::THREAD_IDENTIFIER_INFO)?;
            let extended: libc::thread_extended_info = info(port, libc::THREAD_EXTENDED_INFO)?;
            (identifier, extended)
        };
        Some(Thread { name: c_text(&extended.pth_name), id: identifier.thread_id })
    }

    /// Whether the two are the same thread. A thread of std's sets its own name, some time after it was started.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Process {
    /// The children of this process, and theirs.
    pub(super) fn all() -> Vec<Self> {
        let own = std::process::id().cast_signed();
        let mut family = vec![own];
        let mut found: Vec<Process> = Vec::new();
        let mut next = 0;
        while let Some(&parent) = family.get(next) {
            next += 1;
            // SAFETY: the buffer has this number of bytes, or there is none.
            let list = |buffer, bytes| unsafe { libc::proc_listchildpids(parent, buffer, bytes) };
            for pid in libproc::pids(list).unwrap_or_default() {
                let Some(process) = Self::find(pid).filter(|_| !family.contains(&pid)) else { continue };
                family.push(pid);
                // A zombie of a child's is the child's to reap.
                if !process.zombie || parent == own {
                    found.push(process);
                }
            }
        }
        found
    }

    fn find(pid: libc::pid_t) -> Option<Self> {
        let info = libproc::info(pid)?;
        let (long, short) = (c_text(&info.pbi_name), c_text(&info.pbi_comm));
        Some(Process {
            pid,
            zombie: info.pbi_status == libc::SZOMB,
            started: (info.pbi_start_tvsec, info.pbi_start_tvusec),
            name: if long.is_empty() { short } else { long },
        })
    }

    /// Whether the two are the same process.
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.pid, self.started) == (other.pid, other.started)
    }
}

impl From<Thread> for Survivor {
    fn from(Thread { name, id }: Thread) -> Self {
        // They are counted from the start of the system.
        Survivor::Thread { name, tid: u32::try_from(id).unwrap_or(u32::MAX) }
    }
}

impl From<Process> for Survivor {
    fn from(Process { pid, zombie, name, .. }: Process) -> Self {
        Survivor::Process { command: name, pid: pid.cast_unsigned(), zombie }
    }
}

/// Handles are descriptors here.
pub(super) fn handles() -> Option<u32> {
    None
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
