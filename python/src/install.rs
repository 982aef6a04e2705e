//! What an extension module needs once: its exceptions, the stages of the exit, the hooks for fork.

mod at_load;
mod soon;
mod stubs;

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::bridge::LoopBridge;
use crate::bridge::finished::Finished;
use crate::bridge::item_sender::ItemSender;
use crate::internal::host::fork::PerProcess;
use crate::interpreter::exit::Installation;
use crate::interpreter::shield::Shield;
use crate::interpreter::{closing, exceptions, exit, fork, panics, subinterpreters};
pub(crate) use soon::soon;
pub(crate) use stubs::EXCEPTIONS as STUBS;

/// Prepares an extension module: adds the exceptions, and has the module torn down at exit and made anew after a fork.
/// To be called in the `#[pymodule]`. Without it the exit is registered by the import all the same, and the rest is done by
/// whatever is used first. A second call adds the exceptions to its module too, and does nothing else.
///
/// It adds `ShutdownError`, `ShutdownTimeout`, `RuntimePanic`, `ForkedProcessError` and `NeedsAsyncioError`.
/// [`STUBS`](super::STUBS) says how to get their type stubs, and those of the generated methods.
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
///         sundown_python::install(module)
///     }
/// }
/// # fn main() {}
/// ```
///
/// # Errors
///
/// `ImportError` in a subinterpreter: they are not supported. If an exception type cannot be added. A part of CPython that
/// is not as expected is no error: then the module does without.
pub fn install(module: &Bound<'_, PyModule>) -> PyResult<()> {
    install_named(&module.name()?.to_cow()?, module, None)
}

/// As [`install`], for a module that its users know by another name: the package whose `__init__.py` has `from ._native
/// import *`. The exceptions say that they are of `name`, as in a traceback, and so does the report of the exit.
///
/// The package must have the exceptions under that name too, or they cannot be pickled.
///
/// ```no_run
/// use pyo3::prelude::*;
///
/// /// In Python `etcd_client.etcd_client`, and never seen: `etcd_client` imports all of it.
/// #[pymodule]
/// fn etcd_client(module: &Bound<'_, PyModule>) -> PyResult<()> {
///     sundown_python::install_as("etcd_client", module)
/// }
/// ```
///
/// # Errors
///
/// As [`install`].
pub fn install_as(name: &str, module: &Bound<'_, PyModule>) -> PyResult<()> {
    install_named(name, module, Some(name))
}

/// `public`: what the exceptions say that they are of, if not of this module.
fn install_named(name: &str, module: &Bound<'_, PyModule>, public: Option<&str>) -> PyResult<()> {
    subinterpreters::refuse_import(module)?;
    exceptions::install(module, public)?;
    stubs::install(module)?;
    exit::name_after(name);
    ensure(module.py())
}

/// What [`install`] does for the process, once; an atomic load when it is done.
pub(crate) fn ensure(py: Python<'_>) -> PyResult<()> {
    let installed = INSTALLED.get();
    if installed.done.load(Ordering::Acquire) {
        return Ok(());
    }
    // Nothing starts any more, and a thread that is parked may have the lock below.
    if closing::has_begun() {
        return Ok(());
    }
    // Python code that an import runs below, a signal handler or a `__del__`, may call this again.
    let Some(_installing) = Installing::begin(installed) else { return Ok(()) };
    // It runs Python, and a daemon thread may meet the end of the interpreter in it.
    let _shield = Shield::new();
    subinterpreters::refuse_use(py)?;
    let first = installed.lock.get_or_try_init(py, || {
        if installed.inherits {
            return Ok(Installation::InTime);
        }
        // Types are made now, and not while another thread forks.
        exceptions::make(py);
        exit::make_types(py);
        let _ = (py.get_type::<LoopBridge>(), py.get_type::<Finished>(), py.get_type::<ItemSender>());
        panics::install();
        fork::install(py)?;
        exit::on_loss(lost);
        exit::install(py)
    });
    let done = first.and_then(|installation| {
        if let Installation::InTime = installation {
            // It may have been lost.
            exit::register(py)?;
            if installed.needs_stage_one.load(Ordering::Acquire) {
                exit::register_stage_one(py)?;
                installed.needs_stage_one.store(false, Ordering::Release);
                installed.has_stage_one.store(true, Ordering::Release);
            }
        }
        Ok(installation)
    });
    // The next use tries again.
    let installation = *done.inspect_err(|_| installed.asked.store(false, Ordering::Release))?;
    installed.complete.store(true, Ordering::Release);
    if !installed.done.swap(true, Ordering::SeqCst) {
        installation.follow_up(py)?;
    }
    // A runtime may have opted in since this looked, and have found it not done: then `done` hides that from its call.
    if matches!(installation, Installation::InTime) && installed.needs_stage_one.load(Ordering::SeqCst) {
        installed.once_more();
    }
    Ok(())
}

/// CPython does not call stage two any more: the main thread has it registered again, before it runs on.
fn lost(_: Python<'_>) {
    let installed = INSTALLED.get();
    if installed.complete.load(Ordering::Acquire) {
        installed.once_more();
    } else {
        at_load::register_soon();
    }
}

/// Has stage one of the exit registered as soon as may be: a runtime has opted in. As [`soon`].
pub(crate) fn stage_one_soon() {
    let installed = INSTALLED.get();
    if !installed.has_stage_one.load(Ordering::Acquire) && !installed.needs_stage_one.swap(true, Ordering::SeqCst) {
        installed.once_more();
    }
}

/// This thread installs, until it is dropped.
struct Installing(&'static Installed);

thread_local! {
    static INSTALLING: Cell<bool> = const { Cell::new(false) };
}

impl Installing {
    fn begin(installed: &'static Installed) -> Option<Self> {
        let before = INSTALLING.try_with(|installing| installing.replace(true)).unwrap_or(true);
        if before {
            return None;
        }
        installed.installing.fetch_add(1, Ordering::AcqRel);
        Some(Installing(installed))
    }
}

impl Drop for Installing {
    fn drop(&mut self) {
        self.0.installing.fetch_sub(1, Ordering::AcqRel);
        let _ = INSTALLING.try_with(|installing| installing.set(false));
    }
}

/// A child inherits what is registered with CPython. If it was forked while another thread installed, it registers all
/// again: a stage that is called twice does nothing the second time.
static INSTALLED: PerProcess<Installed> = PerProcess::inheriting(|parents| {
    let inherits = |of: fn(&Installed) -> &AtomicBool| parents.is_some_and(|parent| of(parent).load(Ordering::Acquire));
    Installed {
        done: AtomicBool::new(inherits(|parent| &parent.done)),
        complete: AtomicBool::new(inherits(|parent| &parent.complete)),
        inherits: inherits(|parent| &parent.complete),
        needs_stage_one: AtomicBool::new(inherits(|parent| &parent.needs_stage_one)),
        has_stage_one: AtomicBool::new(inherits(|parent| &parent.has_stage_one)),
        asked: AtomicBool::new(false),
        installing: AtomicUsize::new(0),
        lock: PyOnceLock::new(),
    }
});

struct Installed {
    done: AtomicBool,
    /// It was done, but stage two may have been lost since.
    complete: AtomicBool,
    /// The parent had done it.
    inherits: bool,
    /// A runtime has opted in to stage one, which is not registered yet.
    needs_stage_one: AtomicBool,
    has_stage_one: AtomicBool,
    /// The main thread was asked to do it.
    asked: AtomicBool,
    /// How many threads install, or wait for the one that does.
    installing: AtomicUsize,
    lock: PyOnceLock<Installation>,
}

impl Installed {
    /// Something is missing again: the next use sees to it, or the main thread before that.
    fn once_more(&self) {
        self.asked.store(false, Ordering::Release);
        self.done.store(false, Ordering::SeqCst);
        soon();
    }
}
