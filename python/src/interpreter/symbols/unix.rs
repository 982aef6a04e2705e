//! In everything that is loaded, and visible to all.

use std::ffi::{CStr, c_void};

#[allow(unsafe_code, reason = "there is no safe form of dlsym")]
pub(super) fn find(name: &CStr) -> *mut c_void {
    // SAFETY: the name ends with a zero.
    unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) }
}
