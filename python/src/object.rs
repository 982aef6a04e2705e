//! Python objects that own resources: what `#[pyclass_teardown]` stands on.
//!
//! Beside the value there is an [`Object`](state::Object): the entry of its guard, and clones of its resource handles.
//! `close()`, a drop and the exit tear these down, never the value, which a running `&mut self` method may have borrowed and
//! which may be gone.
//!
//! Invariants:
//! 1. A value has one `Object`, made at first use, for as long as the value lives. It belongs to the guard's entry; the exit
//!    knows it weakly.
//! 2. All teardowns of an object share the entry's progress and report: each goes on where the last one stopped, and what
//!    has ended is not torn down again.
//! 3. Once a teardown has begun the object is closed, and stays so: methods are refused.
//! 4. A value that a method has borrowed mutably is in [`addresses`], from before the method's body until the value is
//!    dropped, which is before its memory is used again.
//! 5. In a forked child nothing of the parent's is locked, torn down or dropped.
//! 6. The drops that come in one go wait for half a second at most, detached, and for nothing on a thread that others may
//!    depend on.
//! 7. No lock is held while a user's code runs: clones of handles, teardowns, destructors of Python objects.

mod aclose;
mod addresses;
mod class;
mod context;
mod drop_wait;
mod dropped;
mod expansion;
mod factory;
mod find;
mod futures;
mod guard;
mod handle;
mod state;

use std::time::{Duration, Instant};

use pyo3::PyClass;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::install;
use crate::interpreter::exceptions::ShutdownError;
use find::{find, find_all};

pub use aclose::aclose;
#[doc(hidden)]
pub use class::{Bases, Class, Methods};
#[doc(hidden)]
pub use context::{aenter, aexit, enter, exit as exit_context};
#[doc(hidden)]
pub use expansion::{
    AnnotatedBase, Base, ForeignBase, HasNewValue, NewValue, PyReceiver, Refuse, RegisterLater, RegisterNew, closed,
    dropped_value, refusal, refusal_bound, refusal_object, running, running_object, shutdown_report,
};
pub use factory::{Factory, Registered};
pub use guard::ShutdownGuardExt;
pub use handle::Handle;
#[doc(hidden)]
pub use handle::{ResourceHandle, resource_handle, resource_handle_with};

/// Has an object torn down at exit, and by `close()` while a `&mut self` method runs, from now on: for one that was made in
/// Rust. A `#[new]` below `#[pyclass_teardown]` does it by itself, unless it returns a `PyClassInitializer`; so does the
/// first call of most methods. A second call does nothing.
///
/// ```no_run
/// use pyo3::prelude::*;
/// use sundown_python::{Runtime, ShutdownGuard, pyclass_teardown, register};
///
/// #[pyclass_teardown]
/// #[pyclass]
/// struct Connection {
///     #[shutdown]
///     runtime: Runtime,
///     guard: ShutdownGuard<Self>,
/// }
///
/// #[pyclass_teardown]
/// #[pymethods]
/// impl Connection {}
///
/// #[pyfunction]
/// fn connect(py: Python<'_>) -> PyResult<Bound<'_, Connection>> {
///     let connection = Bound::new(py, Connection { runtime: Runtime::new()?, guard: ShutdownGuard::new() })?;
///     register(&connection)?;
///     Ok(connection)
/// }
/// # fn main() {}
/// ```
///
/// # Errors
///
/// `RuntimeError` if a method has borrowed the object mutably and none was called before.
pub fn register<T: Methods + PyClass>(object: &Bound<'_, T>) -> PyResult<()> {
    install::ensure(object.py())?;
    find(object).map(drop)
}

/// Closes an object: what the generated `close()` does, for one that is written by hand. Requests, waits for and forces its
/// resources in their order, within `timeout` seconds or the class's own timeout; detached from the interpreter, and on
/// the main thread interrupted by a signal whose handler raises.
///
/// It blocks this thread: a resource that needs the event loop of this very thread, as one whose `with` calls a
/// [`Callback`](crate::Callback#in-a-shutdown), runs into its timeout. [`aclose`] leaves the loop free.
///
/// What was closed stays closed: another call does nothing. Two at the same time share one teardown.
///
/// # Errors
///
/// [`ShutdownTimeout`](crate::exceptions::ShutdownTimeout) or [`ShutdownError`] if a resource did not stop by itself;
/// [`ForkedProcessError`](crate::exceptions::ForkedProcessError) in a forked child; `ValueError` for a timeout that is
/// negative or no number; what a handler of a signal raised: then another call goes on.
pub fn close<T: Methods + PyClass>(object: &Bound<'_, T>, timeout: Option<f64>) -> PyResult<()> {
    let timeout = duration(timeout)?;
    let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut result = Ok(());
    for object_of_class in find_all(object)? {
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        let closed = object_of_class.close(object.py(), left);
        // One that had to be forced does not keep the others open; an interrupt does.
        if closed.as_ref().is_err_and(|error| !error.is_instance_of::<ShutdownError>(object.py())) {
            return closed;
        }
        result = result.and(closed);
    }
    result
}

fn duration(seconds: Option<f64>) -> PyResult<Option<Duration>> {
    let Some(seconds) = seconds else { return Ok(None) };
    if seconds.is_nan() || seconds < 0.0 {
        return Err(PyValueError::new_err("`timeout` must be a number of seconds, or None"));
    }
    Ok(Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
}
