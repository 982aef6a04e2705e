//! Fork: what the parts of an extension do in a child, beside what [`crate::internal::host::fork`] does for every program.
//!
//! No hook before the fork holds locks: a child takes nothing over that a lock guards. What it needs it makes anew
//! ([`PerProcess`](crate::internal::host::fork::PerProcess)), what belongs to the parent it leaves alone
//! ([`Inheritable`](crate::internal::host::fork::Inheritable)). That goes for PyO3's cells as well: see
//! [`intern`](super::intern).

use pyo3::types::{PyCFunction, PyDict};
use pyo3::{PyResult, Python, prelude::*, wrap_pyfunction};

use crate::internal::host::fork::generation;
use crate::interpreter::hooks::{Hook, Hooks};
use crate::interpreter::raise_soon::ok_or_raise;

static IN_CHILD: Hooks = Hooks::new();

/// Has `hook` called in each forked child, attached, before user code runs on; not after a fork that Python does not know
/// of. It must not touch an inherited lock.
pub(crate) fn on_child(hook: Hook) {
    IN_CHILD.add(hook);
}

/// Registers the hooks; there is no way to take them back.
pub(crate) fn install(py: Python<'_>) -> PyResult<()> {
    // From now on forks are counted.
    let _ = generation();
    let arguments = PyDict::new(py);
    let in_child: Bound<'_, PyCFunction> = wrap_pyfunction!(after_fork_in_child, py)?;
    arguments.set_item("after_in_child", in_child)?;
    // What `os` has it from, which is built in. Windows has neither the module nor forks.
    if let Some(posix) = ok_or_raise(py, py.import("posix"))?
        && posix.hasattr("register_at_fork")?
    {
        posix.call_method("register_at_fork", (), Some(&arguments))?;
    }
    Ok(())
}

#[pyfunction(name = "_sundown_after_fork_in_child")]
fn after_fork_in_child(py: Python<'_>) {
    IN_CHILD.call(py);
}
