//! Stage two of the exit is registered when the library is loaded, which for an extension module is its import.
//!
//! CPython calls the `atexit` functions in reverse, and those that are registered while they run never. So for a function
//! that a user registers after the import to come before stage two, and to use the module for the first time, stage two has
//! to be registered by the import, whether the module calls [`install`](super::install) or not. Besides, CPython's version is
//! looked at, while no other thread can ask for it. Nothing else is done here: it imports no module.
//!
//! The dynamic linker calls [`at_load`] in the middle of an import. The main thread does the rest between two bytecodes,
//! those of `importlib` mostly. In a program that is linked with the module no interpreter runs yet: then it is done at
//! the first use.

use std::ffi::{c_int, c_void};
use std::panic::catch_unwind;
use std::ptr;

use crate::interpreter::raise_soon::pending_result;
use crate::interpreter::subinterpreters::is_main_interpreter;
use crate::interpreter::{exit, pending_call, shield};

#[allow(unsafe_code, reason = "std has no way to be called when a library is loaded")]
// SAFETY: the section is an array of functions of this type, which the dynamic linker calls once. This one needs
// nothing that is initialised before `main`.
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(windows, unsafe(link_section = ".CRT$XCU"))]
#[cfg_attr(not(any(target_vendor = "apple", windows)), unsafe(link_section = ".init_array"))]
#[used]
static AT_LOAD: extern "C" fn() = at_load;

extern "C" fn at_load() {
    let _ = catch_unwind(|| {
        shield::at_load();
        register_soon();
    });
}

/// Has the main thread register stage two, before it runs any more of its Python code. If the queue is full it is left to
/// the first use.
pub(super) fn register_soon() {
    if pending_call::is_possible() {
        pending_call::ask(on_main_thread, ptr::null_mut());
    }
}

extern "C" fn on_main_thread(_: *mut c_void) -> c_int {
    // If not, the first use registers it.
    if !is_main_interpreter() {
        return 0;
    }
    pending_result(|py| {
        exit::on_loss(super::lost);
        exit::register_in_time(py).map(drop)
    })
}
