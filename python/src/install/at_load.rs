//! Stage two of the exit is registered when the library is loaded, which for an extension module is its import.
//!
//! CPython calls the `atexit` functions in reverse, and those that are registered while they run never. So for a function
//! that a user registers after the import to come before stage two, and to use the module for the first time, stage two has
//! to be registered by the import, whether the module calls [`install`](super::install) or not. Nothing else is done
//! here: it imports no module.
//!
//! The dynamic linker calls [`at_load`] in the middle of an import. The main thread does the rest between two bytecodes,
//! those of `importlib` mostly. In a program that is linked with the module no interpreter runs yet: then it is done at
//! the first use.

use std::ffi::{c_int, c_void};
use std::panic::catch_unwind;

use pyo3::prelude::*;

use crate::interpreter::exit;
use crate::interpreter::raise_soon::ok_or_raise;
use crate::interpreter::subinterpreters::is_main_interpreter;

#[allow(unsafe_code, reason = "std has no way to be called when a library is loaded")]
// SAFETY: the section is an array of functions of this type, which the dynamic linker calls once. This one needs
// nothing that is initialised before `main`.
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
#[used]
static AT_LOAD: extern "C" fn() = at_load;

extern "C" fn at_load() {
    let _ = catch_unwind(register_soon);
}

/// Has the main thread register stage two, before it runs any more of its Python code.
#[allow(unsafe_code, reason = "PyO3 has no safe form of these functions")]
pub(super) fn register_soon() {
    // SAFETY: both may be called by any thread, at any time. The function lives as long as the library, which is never
    // unloaded. If the queue is full it is left to the first use.
    unsafe {
        if pyo3::ffi::Py_IsInitialized() != 0 {
            pyo3::ffi::Py_AddPendingCall(Some(on_main_thread), std::ptr::null_mut());
        }
    }
}

/// Called by CPython's main thread, attached. -1 raises, there, the exception that is set.
extern "C" fn on_main_thread(_: *mut c_void) -> c_int {
    catch_unwind(|| {
        // Before 3.12 it is the queue of whichever interpreter held the GIL: then the first use registers it.
        if !is_main_interpreter() {
            return 0;
        }
        Python::attach(|py| {
            exit::on_loss(super::lost);
            match ok_or_raise(py, exit::register_in_time(py)) {
                Ok(_) => 0,
                Err(error) => {
                    error.restore(py);
                    -1
                }
            }
        })
    })
    .unwrap_or(0)
}
