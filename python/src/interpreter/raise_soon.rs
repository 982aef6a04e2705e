//! Errors of Python that the caller can do without, and those that only look so.

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::PyException;
use pyo3::prelude::*;

use crate::interpreter::pending_call;

/// The value, if there is one. An `Exception` is dropped: the caller does without.
///
/// # Errors
///
/// Anything else, such as Ctrl-C, which is meant for what was interrupted.
pub(crate) fn ok_or_raise<T>(py: Python<'_>, result: PyResult<T>) -> PyResult<Option<T>> {
    match result {
        Err(error) if error.is_instance_of::<PyException>(py) => Ok(None),
        result => result.map(Some),
    }
}

/// As [`ok_or_raise`], where no error can be returned: the main thread raises it before it runs any more of its Python code.
pub(crate) fn ok_or_raise_soon<T>(py: Python<'_>, result: PyResult<T>) -> Option<T> {
    ok_or_raise(py, result).unwrap_or_else(|error| {
        raise_soon(error);
        None
    })
}

/// As [`ok_or_raise`], for what a [pending call](pending_call) does: the result that CPython wants of it. A panic has said what is to
/// be said, by the panic hook.
pub(crate) fn pending_result(f: impl FnOnce(Python<'_>) -> PyResult<()>) -> c_int {
    let attached = || {
        Python::attach(|py| match ok_or_raise(py, f(py)) {
            Ok(_) => 0,
            Err(error) => {
                error.restore(py);
                -1
            }
        })
    };
    catch_unwind(AssertUnwindSafe(attached)).unwrap_or(0)
}

#[allow(unsafe_code, reason = "the error goes as a pointer")]
fn raise_soon(error: PyErr) {
    let error = Box::into_raw(Box::new(error));
    if !pending_call::ask(raise, error.cast()) {
        // The queue is full, of calls that may raise.
        // SAFETY: it was made above, and nobody has it.
        drop(unsafe { Box::from_raw(error) });
    }
}

#[allow(unsafe_code, reason = "the error comes as a pointer")]
extern "C" fn raise(error: *mut c_void) -> c_int {
    // SAFETY: `raise_soon` has made it, for this one call.
    let error = unsafe { Box::from_raw(error.cast::<PyErr>()) };
    Python::attach(|py| error.restore(py));
    -1
}
