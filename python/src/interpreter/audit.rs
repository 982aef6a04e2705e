//! The audit, for Rust and for Python.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use pyo3::wrap_pyfunction;
use sundown::registry::{Audit, AuditProcess, AuditThread, InterpreterThread, Origin};

use crate::interpreter::{closing, exit, gate};

/// What of this process is alive now: [`registry::audit`](crate::registry::audit), and of each thread what Python knows of it.
/// That is its name, its ident, whether it is a daemon, and where it is: the innermost frame, and the innermost one that is not of
/// the standard library.
///
/// | a thread | is called |
/// |---|---|
/// | of a [`Runtime`](crate::Runtime) | what the registry calls that, with the field of the object that has it |
/// | of an [`EventLoop`](crate::EventLoop) | the same |
/// | of the default executor of such a loop | that |
/// | of sundown | by what it does |
/// | of others | not tracked, with what its name says: `asyncio_0` is of a loop that nobody has registered |
///
/// The module's copy of sundown is meant: what another extension module has is not tracked. A worker of a runtime from tokio's
/// own builder is known from the first task of ours on that it polls.
///
/// It is a look at one moment, without a call of Python code. Attached while it looks at Python's threads, then not. In a program
/// with a thousand threads it takes some ten milliseconds.
///
/// ```no_run
/// # fn example(py: pyo3::Python<'_>) -> pyo3::PyResult<()> {
/// println!("{}", sundown_python::audit(py)?);
/// // still alive: 1 other thread, 1 not tracked by sundown; no child process
/// // `- thread `crawler` (tid 4243)  sleeping  0.0 ms CPU  not tracked by sundown; daemon, at /srv/crawl.py:31 in fetch
/// # Ok(()) }
/// ```
///
/// The report of the interpreter's exit has one if something did not stop, and if it is printed (`SUNDOWN_EXIT_REPORT=1`) and
/// anything is left; of several modules that of the last.
///
/// # Errors
///
/// [`ShutdownError`](crate::exceptions::ShutdownError) when the interpreter's exit is over. If CPython is not as expected.
pub fn audit(py: Python<'_>) -> PyResult<Audit> {
    let _pass = gate::enter().ok_or_else(|| closing::refuse("audit"))?;
    exit::take_audit(py)
}

/// Adds [`audit`] to an extension module, for its users: `audit()` returns an object whose `repr` is the text, and which has
/// `threads`, `processes` and `as_dict()`, for `json.dumps`.
///
/// ```no_run
/// use pyo3::prelude::*;
///
/// #[pymodule]
/// fn my_extension(module: &Bound<'_, PyModule>) -> PyResult<()> {
///     sundown_python::install(module)?;
///     sundown_python::add_audit(module)
/// }
/// ```
///
/// Their type stubs:
///
/// ```python
/// def audit() -> Audit: ...
/// @final
/// class Audit:
///     @property
///     def threads(self) -> list[dict[str, Any]]: ...
///     @property
///     def processes(self) -> list[dict[str, Any]]: ...
///     def as_dict(self) -> dict[str, Any]: ...
/// ```
///
/// # Errors
///
/// If they cannot be added.
pub fn add_audit(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyAudit>()?;
    module.add_function(wrap_pyfunction!(audit_for_python, module)?)
}

/// Says which threads and child processes are still alive, where the threads are, and whose they are.
#[pyfunction(name = "audit")]
fn audit_for_python(py: Python<'_>) -> PyResult<PyAudit> {
    audit(py).map(PyAudit)
}

/// Which threads and child processes were alive at one moment.
#[pyclass(frozen, name = "Audit", module = "sundown")]
struct PyAudit(Audit);

#[pymethods]
impl PyAudit {
    /// The threads but the caller's and the main one, oldest first. Times in seconds.
    #[getter]
    fn threads<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        list(py, self.0.threads(), thread)
    }

    /// The child processes and theirs, oldest first.
    #[getter]
    fn processes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        list(py, self.0.processes(), process)
    }

    /// All of it, with plain values, for `json.dumps`.
    fn as_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let all = PyDict::new(py);
        all.set_item("threads", self.threads(py)?)?;
        all.set_item("processes", self.processes(py)?)?;
        all.set_item("unlisted", list(py, self.0.unlisted(), interpreter)?)?;
        all.set_item("not_listed", self.0.why_not_listed())?;
        Ok(all)
    }

    fn __repr__(&self) -> String {
        self.0.to_string()
    }
}

fn list<'py, T>(
    py: Python<'py>,
    all: &[T],
    to_dict: impl Fn(Python<'py>, &T) -> PyResult<Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyList>> {
    let all = all.iter().map(|one| to_dict(py, one)).collect::<PyResult<Vec<_>>>()?;
    PyList::new(py, all)
}

fn thread<'py>(py: Python<'py>, thread: &AuditThread) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("name", &thread.name)?;
    dict.set_item("tid", thread.tid)?;
    dict.set_item("state", thread.state.map(|state| state.to_string()))?;
    dict.set_item("cpu", thread.cpu.as_secs_f64())?;
    dict.set_item("interpreter", thread.interpreter.as_ref().map(|known| interpreter(py, known)).transpose()?)?;
    origin(&dict, &thread.origin)?;
    Ok(dict)
}

fn interpreter<'py>(py: Python<'py>, thread: &InterpreterThread) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("name", &thread.name)?;
    dict.set_item("ident", thread.ident)?;
    dict.set_item("daemon", thread.daemon)?;
    dict.set_item("at", &thread.at)?;
    dict.set_item("from", &thread.from)?;
    Ok(dict)
}

fn process<'py>(py: Python<'py>, process: &AuditProcess) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("command", &process.command)?;
    dict.set_item("pid", process.pid)?;
    dict.set_item("zombie", process.zombie)?;
    origin(&dict, &process.origin)?;
    Ok(dict)
}

/// As `Serialize` has it.
fn origin(dict: &Bound<'_, PyDict>, origin: &Origin) -> PyResult<()> {
    let (word, key, value) = match origin {
        Origin::Tracked { by, .. } => ("tracked", "by", Some(by.as_str())),
        Origin::Sundown { what, .. } => ("sundown", "what", Some(*what)),
        Origin::Untracked { hint, .. } => ("untracked", "hint", hint.as_deref()),
        _ => return Ok(()), // of a newer core, which is pinned
    };
    dict.set_item("origin", word)?;
    dict.set_item(key, value)
}
