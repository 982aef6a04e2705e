//! Calls that CPython's main thread makes between two bytecodes. Up to 3.11 one may be made in a subinterpreter: it is the
//! queue of whichever interpreter had the GIL.

use std::ffi::{c_int, c_void};

/// What CPython calls, attached. -1 raises, there, the exception that is set.
pub(crate) type PendingCall = extern "C" fn(*mut c_void) -> c_int;

/// Whether an interpreter runs that can be asked for one. A Rust program may use a runtime before it starts an
/// interpreter, or without one. From the very beginning of the finalization there is none, so that nothing is asked of
/// an interpreter that is taken apart.
#[allow(unsafe_code, reason = "PyO3 has no safe form of it")]
pub(crate) fn is_possible() -> bool {
    // SAFETY: it may be called by any thread, at any time.
    unsafe { pyo3::ffi::Py_IsInitialized() != 0 }
}

/// Asks for the call, once. From any thread, attached or not. False if the queue is full.
#[allow(unsafe_code, reason = "PyO3 has no safe form of it")]
pub(crate) fn ask(call: PendingCall, argument: *mut c_void) -> bool {
    // SAFETY: any thread may call it. The function lives as long as the library, which is never unloaded.
    unsafe { pyo3::ffi::Py_AddPendingCall(Some(call), argument) == 0 }
}
