//! In CPython's own DLL, `python313.dll` say. What an extension is linked with may be `python3.dll`, which has the stable ABI
//! only.

use std::ffi::{CStr, c_void};
use std::ptr;

use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, GetModuleHandleExW,
    GetProcAddress,
};

#[allow(unsafe_code, reason = "calls of the OS")]
pub(super) fn find(name: &CStr) -> *mut c_void {
    const FLAGS: u32 = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    let mut python = ptr::null_mut();
    // SAFETY: `None` is a static of that DLL, which is never unloaded; the handle has a place; the name ends with a zero.
    unsafe {
        if GetModuleHandleExW(FLAGS, pyo3::ffi::Py_None().cast(), &raw mut python) == 0 {
            return ptr::null_mut();
        }
        GetProcAddress(python, name.as_ptr().cast()).map_or(ptr::null_mut(), |function| function as *mut c_void)
    }
}
