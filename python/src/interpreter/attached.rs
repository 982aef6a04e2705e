//! What a drop needs to know of Python: whether this thread is attached, and the exception that is on its way.

use std::ffi::c_int;
use std::ptr;
use std::sync::OnceLock;

use pyo3::prelude::*;

/// Calls `f` if this thread is attached, and only then: a drop must not wait for the interpreter.
pub(crate) fn if_attached<T>(f: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    if is_attached() { Python::try_attach(f) } else { None }
}

/// Whether this thread is attached. PyO3 knows, and does not tell.
#[allow(unsafe_code, reason = "a function of CPython's that is in no stable ABI, and in every version")]
fn is_attached() -> bool {
    type Check = unsafe extern "C" fn() -> c_int;
    static CHECK: OnceLock<Option<Check>> = OnceLock::new();
    let check = CHECK.get_or_init(|| {
        // SAFETY: the name ends with a zero.
        let symbol = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"PyGILState_Check".as_ptr()) };
        // SAFETY: it is `int PyGILState_Check(void)`, since Python 3.4. A null pointer is `None`.
        unsafe { std::mem::transmute::<*mut libc::c_void, Option<Check>>(symbol) }
    });
    // SAFETY: it may be called by any thread, at any time.
    check.is_some_and(|check| unsafe { check() } == 1)
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
