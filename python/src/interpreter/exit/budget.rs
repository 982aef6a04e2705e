//! The budget that the extension modules of a process share.
//!
//! Each links its own copy of this crate, so what they agree on is a Python object, `sys.modules["_sundown_exit"]`:
//!
//! | attribute | what |
//! |---|---|
//! | `waiting` | a list with an item for each module whose stage two has not begun |
//! | `spent` | the seconds that the stages two before have taken |
//!
//! The names are kept by every version of this crate. CPython calls the stages two one after another, and user handlers in
//! between may still use a module whose turn has not come; so a stage that is stuck must leave something to the next:
//! each gets what is left divided by the modules that wait.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyList, PyModule};

use crate::interpreter::modules;

const NAME: &str = "_sundown_exit";

/// Joins the others.
pub(super) fn join(py: Python<'_>) -> PyResult<()> {
    let fresh = PyModule::new(py, NAME)?;
    fresh.setattr("waiting", PyList::empty(py))?;
    fresh.setattr("spent", 0.0)?;
    // Of two modules that are imported at the same time one wins.
    let shared = modules::imported(py)?.call_method1("setdefault", (NAME, fresh))?;
    shared.getattr("waiting")?.call_method1("append", (py.None(),))?;
    Ok(())
}

/// What the caller's stage two may take, if all of them together may take `timeout`.
pub(super) fn begin(py: Python<'_>, timeout: Duration) -> Duration {
    // Without the state of the others each has the whole.
    try_begin(py, timeout).unwrap_or(timeout)
}

fn try_begin(py: Python<'_>, timeout: Duration) -> PyResult<Duration> {
    let shared = shared(py)?;
    let spent = Duration::try_from_secs_f64(shared.getattr("spent")?.extract()?).unwrap_or_default();
    let waiting = shared.getattr("waiting")?;
    let modules = u32::try_from(waiting.len()?).unwrap_or(u32::MAX).max(1);
    waiting.call_method0("pop")?;
    Ok(timeout.saturating_sub(spent) / modules)
}

/// Whether no other module's stage two is to come.
pub(super) fn is_last(py: Python<'_>) -> bool {
    let waiting = || shared(py)?.getattr("waiting")?.len();
    waiting().map_or(true, |modules| modules == 0)
}

/// What counts as all that any module may have.
const ALL: Duration = Duration::from_secs(86_400);

/// The caller's stage two was hurried: so are those to come.
pub(super) fn use_up(py: Python<'_>) {
    end(py, ALL);
}

/// The caller's stage two has taken `time`.
pub(super) fn end(py: Python<'_>, time: Duration) {
    let add = || {
        let shared = shared(py)?;
        let spent: f64 = shared.getattr("spent")?.extract()?;
        shared.setattr("spent", spent + time.as_secs_f64())
    };
    let _: PyResult<()> = add();
}

fn shared(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    modules::imported(py)?.as_any().get_item(NAME)
}
