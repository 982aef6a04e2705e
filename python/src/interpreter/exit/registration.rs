//! What `atexit` has of stage two, and how its loss is noticed.
//!
//! Since 3.13 a child that multiprocessing has forked calls `atexit._clear()`, registers what it needs itself, and calls the
//! `atexit` functions at its end (gh-83856). What its parent had registered is gone then. So `atexit` gets an object that
//! nobody else has: when it is freed before stage two has begun, the stage has to be registered again.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;

use crate::internal::host::fork::PerProcess;
use crate::interpreter::attached::if_attached;
use crate::interpreter::closing;
use crate::interpreter::exit::switch;
use crate::interpreter::hooks::{Hook, Hooks};

static ON_LOSS: Hooks = Hooks::new();

/// A child inherits it, with what `atexit` has.
static REGISTERED: PerProcess<AtomicBool> = PerProcess::inheriting(|parents| {
    AtomicBool::new(parents.is_some_and(|registered| registered.load(Ordering::Acquire)))
});

/// Has `hook` called, attached, when CPython does not call stage two any more. It is called within `atexit`, so it must not
/// register anything there.
pub(crate) fn on_loss(hook: Hook) {
    ON_LOSS.add(hook);
}

/// Has CPython call `stage_two` at its end, unless that is so, or it has begun. Of two threads that come at the same
/// time both may register it: called again it does nothing.
pub(super) fn register(py: Python<'_>, stage_two: fn(Python<'_>) -> PyResult<()>) -> PyResult<()> {
    if !is_registered() && !closing::has_begun() {
        py.import("atexit")?.call_method1("register", (Bound::new(py, AtExit(stage_two))?,))?;
        REGISTERED.get().store(true, Ordering::Release);
    }
    Ok(())
}

/// Whether CPython calls stage two.
pub(super) fn is_registered() -> bool {
    REGISTERED.get().load(Ordering::Acquire)
}

/// Makes the type of what is registered.
pub(crate) fn make_types(py: Python<'_>) {
    let _ = py.get_type::<AtExit>();
}

#[pyclass(frozen, name = "_sundown_exit", module = "sundown")]
struct AtExit(fn(Python<'_>) -> PyResult<()>);

#[pymethods]
impl AtExit {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        (self.0)(py)
    }
}

impl Drop for AtExit {
    fn drop(&mut self) {
        REGISTERED.get().store(false, Ordering::Release);
        if_attached(|py| {
            if !closing::has_begun() {
                ON_LOSS.call(py);
            } else if let Err(error) = switch::withdraw_requests(py) {
                // Up to 3.12 CPython lets go of all of them when it has called the last.
                error.write_unraisable(py, None);
            }
        });
    }
}
