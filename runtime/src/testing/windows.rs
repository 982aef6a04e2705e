//! Handles, by their number, and events of the system's.
#![allow(unsafe_code, reason = "std has none of this")]

use std::io;
use std::os::windows::io::{FromRawHandle as _, OwnedHandle};
use std::ptr;

use windows_sys::Win32::System::Threading::{GetCurrentProcess, GetProcessHandleCount};

pub(super) use super::no_descriptors::Descriptor;

/// What is not compared here.
pub(super) fn not_compared() -> Option<&'static str> {
    handles().is_none().then_some("handles are not compared: the system does not count them")
}

/// How many handles this process has open. None under Wine 8, which says 0.
pub(super) fn handles() -> Option<u32> {
    let mut count = 0;
    // SAFETY: the handle is this process's own, and `count` a local.
    (unsafe { GetProcessHandleCount(GetCurrentProcess(), &raw mut count) } != 0 && count > 0).then_some(count)
}

/// A new event, which is not set.
pub(super) fn event() -> io::Result<OwnedHandle> {
    use windows_sys::Win32::System::Threading::CreateEventW;

    // SAFETY: null pointers stand for no attributes and no name. The handle is new.
    let handle = unsafe { CreateEventW(ptr::null(), 1, 0, ptr::null()) };
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: nobody else has it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}
