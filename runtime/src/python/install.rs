//! What an extension module needs once: its exceptions, the stages of the exit, the hooks for fork.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::{exceptions, exit, fork, panics};

/// Prepares an extension module: adds the exceptions, and has the module torn down at exit and made anew after a fork. To
/// be called in the `#[pymodule]`; what is missing is done at first use. A second call adds the exceptions to its module
/// too, and does nothing else.
///
/// It adds `ShutdownError`, `ShutdownTimeout`, `RuntimePanic` and `ForkedProcessError`; [`STUBS`](super::STUBS) has their
/// type stubs.
///
/// ```no_run
/// use pyo3::prelude::*;
///
/// #[pymodule]
/// mod my_extension {
///     use pyo3::prelude::*;
///
///     #[pymodule_init]
///     fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
///         sundown::python::install(module)
///     }
/// }
/// # fn main() {}
/// ```
///
/// # Errors
///
/// If an exception type cannot be added. A part of CPython that is not as expected is no error: then the module does
/// without (the first stage needs `threading._register_atexit`, which is not public).
pub fn install(module: &Bound<'_, PyModule>) -> PyResult<()> {
    exceptions::install(module)?;
    exit::name_after(module);
    ensure(module.py())
}

/// What [`install`] does for the process, once; an atomic load when it is done.
pub(crate) fn ensure(py: Python<'_>) -> PyResult<()> {
    static DONE: PyOnceLock<()> = PyOnceLock::new();
    DONE.get_or_try_init(py, || {
        panics::install();
        fork::install(py)?;
        exit::install(py)
    })
    .copied()
}
