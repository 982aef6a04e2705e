//! Interned strings, in cells that a forked child makes anew.
//!
//! A thread that initialises a `PyOnceLock` holds it while it waits to be attached, and a thread that is attached may fork
//! just then (gdb: the child's first `intern!` in `once_cell::imp::wait`, once in 800 forks). So the cells of this crate
//! are in a [`PerProcess`](crate::internal::host::fork::PerProcess), or initialised when the module is installed.

/// An interned string, as by `pyo3::intern!`, that a forked child makes for itself.
macro_rules! interned {
    ($py:expr, $text:literal) => {{
        use pyo3::prelude::*;
        use pyo3::sync::PyOnceLock;
        use pyo3::types::PyString;
        use $crate::internal::host::fork::PerProcess;

        static STRING: PerProcess<PyOnceLock<Py<PyString>>> = PerProcess::new(PyOnceLock::new);
        let py: Python<'_> = $py;
        STRING.get().get_or_init(py, || PyString::intern(py, $text).unbind()).bind(py)
    }};
}
pub(crate) use interned;
