//! What a drop needs to know of Python: whether this thread is attached, and the exception that is on its way.

use std::ffi::c_void;
use std::ptr;

use pyo3::ffi::PyThreadState;
use pyo3::prelude::*;

use crate::interpreter::symbols::Symbol;

/// Calls `f` if this thread is attached, and only then: a drop must not wait for the interpreter.
pub(crate) fn if_attached<T>(f: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    if is_attached() { Python::try_attach(f) } else { None }
}

/// Whether this thread is attached, by the thread state that PyO3 attaches it with. PyO3 knows, and does not tell.
///
/// `PyGILState_Check` is of no use: once there was a subinterpreter it says that every thread is.
fn is_attached() -> bool {
    let own = own_state();
    !own.is_null() && current_state() == own
}

/// This thread's state, null if it has none.
#[allow(unsafe_code, reason = "PyO3 has no safe form of it")]
fn own_state() -> *mut PyThreadState {
    // SAFETY: any thread may call it, at any time.
    unsafe { pyo3::ffi::PyGILState_GetThisThreadState() }
}

/// The state of the thread that is attached: this one, or up to 3.11 any.
#[allow(unsafe_code, reason = "a function of CPython's that is in no stable ABI, and in every version")]
fn current_state() -> *mut PyThreadState {
    type Current = unsafe extern "C" fn() -> *mut PyThreadState;
    // Since 3.13, and before.
    static CURRENT: Symbol = Symbol::new(&[c"PyThreadState_GetUnchecked", c"_PyThreadState_UncheckedGet"]);
    // SAFETY: it is `PyThreadState *PyThreadState_GetUnchecked(void)`. A null pointer is `None`.
    let current = unsafe { std::mem::transmute::<*mut c_void, Option<Current>>(CURRENT.address()) };
    // SAFETY: any thread may call it, at any time.
    current.map_or(ptr::null_mut(), |current| unsafe { current() })
}

/// The exception that was on its way when this was made: put back when it is dropped.
pub(crate) struct Pending {
    kind: *mut pyo3::ffi::PyObject,
    value: *mut pyo3::ffi::PyObject,
    traceback: *mut pyo3::ffi::PyObject,
}

impl Pending {
    #[allow(unsafe_code, reason = "`PyErr::take` panics over the exception of a panic")]
    #[allow(deprecated, reason = "what 3.12 has instead, 3.9 has not")]
    pub(crate) fn take(_py: Python<'_>) -> Self {
        let mut pending = Pending { kind: ptr::null_mut(), value: ptr::null_mut(), traceback: ptr::null_mut() };
        // SAFETY: this thread is attached, and the places are there.
        unsafe { pyo3::ffi::PyErr_Fetch(&raw mut pending.kind, &raw mut pending.value, &raw mut pending.traceback) };
        pending
    }
}

impl Drop for Pending {
    #[allow(unsafe_code, deprecated, reason = "as in `take`")]
    fn drop(&mut self) {
        // SAFETY: the pointers are what `PyErr_Fetch` gave, nulls included, and are given back once. The thread is attached
        // as it was then: what detaches in between attaches again before this is dropped.
        unsafe { pyo3::ffi::PyErr_Restore(self.kind, self.value, self.traceback) };
    }
}
