//! What an extension module needs once: its exceptions, the stages of the exit, the hooks for fork.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::bridge::LoopBridge;
use super::fork::PerProcess;
use super::streams::ItemSender;
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
    let installed = INSTALLED.get();
    if installed.done.load(Ordering::Acquire) {
        return Ok(());
    }
    installed
        .lock
        .get_or_try_init(py, || {
            // Types are made now, and not by a thread that is at it when another one forks.
            exceptions::make(py);
            let _ = (py.get_type::<LoopBridge>(), py.get_type::<ItemSender>());
            panics::install();
            fork::install(py)?;
            exit::install(py)?;
            installed.done.store(true, Ordering::Release);
            Ok(())
        })
        .copied()
}

/// A child inherits what CPython was told. If it was forked while another thread was at it, it says all again: a stage that
/// is called twice does nothing the second time.
static INSTALLED: PerProcess<Installed> = PerProcess::inheriting(|parents| Installed {
    done: AtomicBool::new(parents.is_some_and(|installed| installed.done.load(Ordering::Acquire))),
    lock: PyOnceLock::new(),
});

struct Installed {
    done: AtomicBool,
    lock: PyOnceLock<()>,
}
