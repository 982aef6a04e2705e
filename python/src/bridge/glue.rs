//! The Python half of the bridge, loaded.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::internal::host::fork::PerProcess;
use crate::interpreter::{exit, gate, source, subinterpreters};

/// What Rust needs of `glue.py`.
#[derive(Debug)]
pub(crate) struct Glue {
    pub(crate) rust_future: Py<PyAny>,
    pub(crate) rust_coroutine: Py<PyAny>,
    pub(crate) bridge_for: Py<PyAny>,
    /// Has a future say what it hands over.
    pub(crate) entering: Py<PyAny>,
    /// What it defines.
    namespace: Py<PyDict>,
    /// Fails a future, whatever the exception.
    pub(crate) fail: Py<PyAny>,
    pub(crate) forward: Py<PyAny>,
    /// Reports an error that nobody awaits.
    pub(crate) report: Py<PyAny>,
    /// Reports that of a shielded awaitable.
    pub(crate) report_unseen: Py<PyAny>,
    pub(crate) run: Py<PyAny>,
    pub(crate) run_until_complete: Py<PyAny>,
    pub(crate) start_serving: Py<PyAny>,
    /// `asyncio.Future`
    pub(crate) future: Py<PyAny>,
    /// `types.CoroutineType`
    pub(crate) coroutine: Py<PyAny>,
    pub(crate) get_running_loop: Py<PyAny>,
    /// The name of the async library that runs instead of asyncio.
    pub(crate) other_library: Py<PyAny>,
    pub(crate) new_event_loop: Py<PyAny>,
    pub(crate) copy_context: Py<PyAny>,
}

/// The global of `glue.py` that says that the gate is closed.
const CLOSED: &str = "closed";

/// A forked child loads it anew: the parent's tables of loops are not the child's.
static GLUE: PerProcess<PyOnceLock<Glue>> = PerProcess::new(PyOnceLock::new);

/// Loads it at first use; that imports asyncio.
pub(crate) fn get(py: Python<'_>) -> PyResult<&'static Glue> {
    let glue = GLUE.get();
    if let Some(glue) = glue.get(py) {
        return Ok(glue);
    }
    subinterpreters::refuse_use(py)?;
    exit::on_gate_closed(close_gate);
    let glue = source::once(py, glue, || load(py))?;
    if gate::is_closed() {
        close_gate(py);
    }
    Ok(glue)
}

/// Tells the Python half that it must not call into Rust any more. Without a call of Python code: a signal's handler could
/// raise in there, before it has done anything.
fn close_gate(py: Python<'_>) {
    if let Some(glue) = GLUE.get().get(py)
        && let Err(error) = glue.namespace.bind(py).set_item(CLOSED, true)
    {
        error.write_unraisable(py, None);
    }
}

fn load(py: Python<'_>) -> PyResult<Glue> {
    let namespace = source::execute(py, "glue", include_str!("glue.py"))?;
    let of = |name: &str| PyResult::Ok(namespace.as_any().get_item(name)?.unbind());
    Ok(Glue {
        rust_future: of("RustFuture")?,
        rust_coroutine: of("rust_coroutine")?,
        bridge_for: of("bridge_for")?,
        entering: of("entering")?,
        fail: of("fail")?,
        forward: of("forward")?,
        report: of("report")?,
        report_unseen: of("report_unseen")?,
        run: of("run")?,
        run_until_complete: of("run_until_complete")?,
        start_serving: of("start_serving")?,
        future: namespace.as_any().get_item("asyncio")?.getattr("Future")?.unbind(),
        coroutine: of("CoroutineType")?,
        get_running_loop: of("get_running_loop")?,
        other_library: of("other_library")?,
        new_event_loop: namespace.as_any().get_item("asyncio")?.getattr("new_event_loop")?.unbind(),
        copy_context: py.import("contextvars")?.getattr("copy_context")?.unbind(),
        namespace: namespace.unbind(),
    })
}
