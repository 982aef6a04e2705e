//! The sweep of an application's own asyncio loop: whatever is left on it ends.
//!
//! | where | what it is |
//! |---|---|
//! | `entry.py` | what a module has of it, until it is called |
//! | `layer.py`, `tasks.py`, `subprocesses.py`, `executor.py`, `sweep.py` | one Python module, `<sundown/sweep.py>`: the layers, and the sweep |
//! | [`record`] | what Python tells of a sweep, as a [`Report`] |
//!
//! All that runs on the loop is Python, and the methods of the record are leaves: see [`glue`](crate::bridge::glue).

mod record;

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyModule;
use pyo3::wrap_pyfunction;
use sundown::Report;

use self::record::Record;
use crate::install;
use crate::internal::host::fork::PerProcess;
use crate::interpreter::exceptions::ShutdownError;
use crate::interpreter::shield::Shield;
use crate::interpreter::{gate, source};

/// The files of `<sundown/sweep.py>`, in which each uses what comes before it.
const SOURCE: &str = concat!(
    include_str!("sweep/layer.py"),
    "\n\n",
    include_str!("sweep/tasks.py"),
    "\n\n",
    include_str!("sweep/subprocesses.py"),
    "\n\n",
    include_str!("sweep/executor.py"),
    "\n\n",
    include_str!("sweep/sweep.py"),
);

/// What `<sundown/sweep.py>` defines.
struct Loaded {
    /// For Python: by a function of Python's, so that no Rust frame lies below the loop.
    from_python: Py<PyAny>,
    /// For Rust.
    from_rust: Py<PyAny>,
}

static LOADED: PerProcess<PyOnceLock<Loaded>> = PerProcess::new(PyOnceLock::new);

/// Ends all that is left on an asyncio loop that does not run, and closes it. Blocks this thread, which is the loop's or will
/// have been: the loop runs on it.
///
/// In this order, within one budget (5 s if `timeout` is `None`):
///
/// | layer | what |
/// |---|---|
/// | `sweep.tasks` | cancelled and awaited, also what they start meanwhile; what fails otherwise is named; a task that does not listen is cancelled again, then its coroutine closed |
/// | `sweep.generators` | asynchronous generators that were begun, closed |
/// | `sweep.subprocesses` | SIGTERM, then SIGKILL, each named with its status; their output is read and thrown away |
/// | `sweep.watchers` | the threads with which asyncio waits for processes, joined |
/// | `sweep.executor` | the default executor's threads: what has not begun is cancelled, the rest awaited, or named with the line that it is at |
/// | `sweep.loop` | closed |
///
/// Each takes at most what is left without the parts of a sixth of the whole that the later ones have. A coroutine that blocks
/// without awaiting blocks the sweep: it is on this thread.
///
/// For a program that embeds Python. An extension module gives its users [`add_sweep`], whose function can also be awaited on a
/// loop that runs.
///
/// ```no_run
/// use pyo3::prelude::*;
///
/// # fn example(py: Python<'_>) -> PyResult<()> {
/// let event_loop = py.import("asyncio")?.call_method0("new_event_loop")?;
/// event_loop.call_method1("run_until_complete", (py.import("service")?.call_method0("main")?,))?;
/// let report = sundown_python::sweep_asyncio(&event_loop, None)?;
/// if !report.is_clean() {
///     eprintln!("{report}");
/// }
/// # Ok(()) }
/// ```
///
/// Returns the report, clean or not. That of a loop that was closed before is clean.
///
/// # Errors
///
/// [`ShutdownError`](crate::exceptions::ShutdownError) if the loop runs, here or on another thread, if another one runs on this
/// thread, or the interpreter exits; `ValueError` for a limit that is no time. `KeyboardInterrupt` after Ctrl-C, at the end:
/// the first one has what is left forced at once. What a task ends a program with, such as `SystemExit`, also at the end.
pub fn sweep_asyncio(event_loop: &Bound<'_, PyAny>, timeout: impl Into<Option<Duration>>) -> PyResult<Report> {
    let py = event_loop.py();
    let seconds = timeout.into().map(|timeout| timeout.as_secs_f64());
    let loaded = load(py)?;
    let record = Bound::new(py, Record::default())?;
    // Below Python, on whatever thread the caller has.
    let _shield = Shield::new();
    loaded.from_rust.bind(py).call1((event_loop, seconds, &record))?;
    record.get().report()
}

/// Adds two functions to an extension module, for its users:
///
/// - `sweep(loop=None, *, timeout=5.0)` is [`sweep_asyncio`] for a loop that does not run. In a coroutine of the loop, `await
///   sweep()` leaves alone the task that calls it and what waits for that, and does not close the loop; a cancellation of the
///   caller has what is left forced at once, and is raised at the end. Either returns the report as text, or raises
///   `ShutdownError` or `ShutdownTimeout` with it.
/// - `sweep_at_exit(loop, *, timeout=5.0)` has that done when the interpreter exits, before the module's own teardown, unless the
///   loop is closed or gone by then. It must not run any more.
///
/// `asyncio` is imported when one is called.
///
/// ```no_run
/// use pyo3::prelude::*;
///
/// #[pymodule]
/// fn my_extension(module: &Bound<'_, PyModule>) -> PyResult<()> {
///     sundown_python::install(module)?;
///     sundown_python::add_sweep(module)
/// }
/// ```
///
/// Their type stubs:
///
/// ```python
/// @overload
/// def sweep(loop: None = None, *, timeout: float | None = 5.0) -> Awaitable[str]: ...
/// @overload
/// def sweep(loop: AbstractEventLoop, *, timeout: float | None = 5.0) -> Any: ...
/// def sweep_at_exit(loop: AbstractEventLoop, *, timeout: float | None = 5.0) -> None: ...
/// ```
///
/// # Errors
///
/// If they cannot be added.
pub fn add_sweep(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let namespace = source::execute(py, "sweep_entry", include_str!("sweep/entry.py"))?;
    namespace.set_item("load", wrap_pyfunction!(load_for_python, py)?)?;
    for name in ["sweep", "sweep_at_exit"] {
        let function = namespace.as_any().get_item(name)?;
        function.setattr("__module__", module.name()?)?;
        module.add(name, function)?;
    }
    Ok(())
}

#[pyfunction(name = "load")]
fn load_for_python(py: Python<'_>) -> PyResult<Py<PyAny>> {
    Ok(load(py)?.from_python.clone_ref(py))
}

#[pyfunction]
fn make_record() -> Record {
    Record::default()
}

/// Loads it at first use; that imports asyncio.
fn load(py: Python<'_>) -> PyResult<&'static Loaded> {
    install::ensure(py)?;
    let _pass = gate::admit("sweep")?;
    source::once(py, LOADED.get(), || {
        let namespace = source::execute(py, "sweep", SOURCE)?;
        namespace.set_item("ShutdownError", py.get_type::<ShutdownError>())?;
        namespace.set_item("make_record", wrap_pyfunction!(make_record, py)?)?;
        let of = |name: &str| PyResult::Ok(namespace.as_any().get_item(name)?.unbind());
        Ok(Loaded { from_python: of("sweep")?, from_rust: of("sweep_blocking")? })
    })
}
