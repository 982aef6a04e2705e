//! Fork: what the extension's parts are told in a child, beside what [`crate::fork`] does for everybody.
//!
//! There is no before-hook that holds locks: a child takes nothing over that a lock guards. What it needs it makes anew
//! ([`PerProcess`]), what belongs to the parent it leaves alone ([`Inheritable`]).
//!
//! That goes for PyO3's cells as well: whoever initialises a `PyOnceLock` holds it while it waits to be attached, and a
//! thread that is attached may fork just then (gdb: the child's first `intern!` in `once_cell::imp::wait`, once in 800
//! forks). So ours are in a [`PerProcess`], or initialised by [`ensure`](crate::python::install::ensure); [`name!`] is for
//! `pyo3::intern!`.

use std::sync::OnceLock;

use pyo3::types::{PyCFunction, PyDict};
use pyo3::{PyErr, PyResult, Python, prelude::*, wrap_pyfunction};

#[allow(unused_imports, reason = "one place to import from")]
pub(crate) use crate::host::fork::{Inheritable, PerProcess, generation};
use crate::python::interpreter::exceptions::ForkedProcessError;

/// An interned string, as by `pyo3::intern!`, that a forked child makes for itself.
macro_rules! name {
    ($py:expr, $text:literal) => {{
        use pyo3::prelude::*;
        use pyo3::sync::PyOnceLock;
        use pyo3::types::PyString;
        use $crate::host::fork::PerProcess;

        static NAME: PerProcess<PyOnceLock<Py<PyString>>> = PerProcess::new(PyOnceLock::new);
        let py: Python<'_> = $py;
        NAME.get().get_or_init(py, || PyString::intern(py, $text).unbind()).bind(py)
    }};
}
pub(in crate::python) use name;

/// Functions that are set once and read without a lock.
pub(in crate::python) struct Hooks([OnceLock<Hook>; 8]);

/// What is called with the interpreter attached.
pub(in crate::python) type Hook = fn(Python<'_>);

impl Hooks {
    pub(in crate::python) const fn new() -> Self {
        Hooks([const { OnceLock::new() }; 8])
    }

    /// Adds a function, once.
    pub(in crate::python) fn add(&self, hook: Hook) {
        let free = self.0.iter().find(|slot| match slot.get() {
            None => slot.set(hook).is_ok(),
            Some(set) => std::ptr::fn_addr_eq(*set, hook),
        });
        debug_assert!(free.is_some(), "there are as many places as parts of this module");
    }

    pub(in crate::python) fn call(&self, py: Python<'_>) {
        for hook in self.0.iter().filter_map(OnceLock::get) {
            hook(py);
        }
    }
}

static IN_CHILD: Hooks = Hooks::new();

/// Has `hook` called in each forked child, attached, before user code runs on; not after a fork that Python does not know
/// of. It must not touch an inherited lock.
pub(crate) fn on_child(hook: Hook) {
    IN_CHILD.add(hook);
}

/// The error for something of the parent process that is used in a forked child.
pub(crate) fn forked_err(what: &str) -> PyErr {
    ForkedProcessError::new_err(format!("{what} belongs to the parent process; make a new one in the forked child"))
}

/// Registers the hooks; there is no way to take them back.
pub(in crate::python) fn install(py: Python<'_>) -> PyResult<()> {
    // From now on forks are counted.
    let _ = generation();
    let arguments = PyDict::new(py);
    let in_child: Bound<'_, PyCFunction> = wrap_pyfunction!(after_fork_in_child, py)?;
    arguments.set_item("after_in_child", in_child)?;
    let os = py.import("os")?;
    if os.hasattr("register_at_fork")? {
        os.call_method("register_at_fork", (), Some(&arguments))?;
    }
    Ok(())
}

#[pyfunction(name = "_sundown_after_fork_in_child")]
fn after_fork_in_child(py: Python<'_>) {
    IN_CHILD.call(py);
}
