//! What a task of Python's calls when it has ended: its answer goes to Rust.
//!
//! For Python a function of C's: a signal's handler, or an exception that is sent to the thread, does not come in the middle
//! of it, after which nothing would ever answer.

use std::sync::{Arc, Weak};

use pyo3::exceptions::asyncio::CancelledError;
use pyo3::exceptions::{PyKeyboardInterrupt, PySystemExit};
use pyo3::prelude::*;

use crate::bridge::{Bridge, glue};
use crate::interpreter::gate;
use crate::interpreter::intern::interned;

/// Answers with what became of a task, which it does not refer to: nor to the bridge, which is to be freed with its loop.
#[pyclass(frozen, module = "sundown")]
pub(crate) struct Finished {
    bridge: Weak<Bridge>,
    key: u64,
}

impl Finished {
    pub(super) fn new(bridge: &Arc<Bridge>, key: u64) -> Self {
        Finished { bridge: Arc::downgrade(bridge), key }
    }
}

#[pymethods]
impl Finished {
    fn __call__<'py>(&self, task: &Bound<'py, PyAny>) -> PyResult<()> {
        let py = task.py();
        // Conversions may run Python, and so may a task that is not asyncio's own.
        let Some(_pass) = gate::enter() else { return Ok(()) };
        let Some(bridge) = self.bridge.upgrade().filter(|bridge| bridge.is_open()) else { return Ok(()) };
        let result = |task: &Bound<'py, PyAny>| task.call_method0(interned!(py, "result"));
        let (answer, interrupt) = match task.call_method0(interned!(py, "exception")) {
            Ok(none) if none.is_none() => with_interrupt(py, result(task)),
            Ok(error) => (Err(PyErr::from_value(error)), None),
            Err(cancelled) if cancelled.is_instance_of::<CancelledError>(py) => (Err(cancelled), None),
            // An `await` asks `result` alone, so that counts. A signal's handler may have raised while Python ran here.
            Err(error) => {
                let (answer, interrupt) = with_interrupt(py, result(task));
                (answer, interrupt.or_else(|| ends_the_loop(py, &error)))
            }
        };
        let error = answer.as_ref().err().map(|error| error.clone_ref(py));
        if bridge.answer(self.key, answer)
            && let Some(error) = error
        {
            // Now and not in the loop's next round: there may be none. The pass is a shield around the user's handler.
            glue::get(py)?.report_unseen.bind(py).call1((error.into_value(py),))?;
        }
        interrupt.map_or(Ok(()), Err)
    }
}

/// What Rust gets, and what the loop is to raise besides: as asyncio does where a task gets a `KeyboardInterrupt` or a
/// `SystemExit`. That of a task which has ended with one was raised by the task.
fn with_interrupt<'py>(
    py: Python<'py>,
    result: PyResult<Bound<'py, PyAny>>,
) -> (PyResult<Bound<'py, PyAny>>, Option<PyErr>) {
    let interrupt = result.as_ref().err().and_then(|error| ends_the_loop(py, error));
    (result, interrupt)
}

fn ends_the_loop(py: Python<'_>, error: &PyErr) -> Option<PyErr> {
    let ends = error.is_instance_of::<PyKeyboardInterrupt>(py) || error.is_instance_of::<PySystemExit>(py);
    ends.then(|| error.clone_ref(py))
}
