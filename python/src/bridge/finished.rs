//! What a task of Python's calls when it has ended: its answer goes to Rust.
//!
//! For Python a function of C's: a signal's handler, or an exception that is sent to the thread, does not come in the middle
//! of it, after which nothing would ever answer.

use std::sync::{Arc, Weak};

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
    fn __call__(&self, task: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = task.py();
        // Conversions may run Python, and so may a task that is not asyncio's own.
        let Some(_pass) = gate::enter() else { return Ok(()) };
        let Some(bridge) = self.bridge.upgrade().filter(|bridge| bridge.is_open()) else { return Ok(()) };
        // An error if it was cancelled.
        let error = match task.call_method0(interned!(py, "exception")) {
            Ok(none) if none.is_none() => {
                bridge.answer(self.key, task.call_method0(interned!(py, "result")));
                return Ok(());
            }
            Ok(error) => PyErr::from_value(error),
            Err(cancelled) => cancelled,
        };
        if bridge.answer(self.key, Err(error.clone_ref(py))) {
            // Now and not in the loop's next round: there may be none. The pass is a shield around the user's handler.
            glue::get(py)?.report_unseen.bind(py).call1((error.into_value(py),))?;
        }
        Ok(())
    }
}
