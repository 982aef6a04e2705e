//! Signals that come while stage two waits: what their handlers raise hurries the exit.
//!
//! The main thread waits detached, so that CPython's own check for signals is not reached.
//! [`block_on`](super::super::block_on) wakes up for them and calls their handlers. The first that raises ends all
//! waits: what is left is forced at once. A `KeyboardInterrupt` has said all that it has to say then. Any other
//! exception is left to CPython, which prints what an `atexit` function raises.

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;

use crate::interpreter::raise_soon::ok_or_raise;

/// Whether the exit was hurried, and what is to be raised when it is over.
#[derive(Debug, Default)]
pub(super) struct Hurry {
    is_hurried: bool,
    raised: Option<PyErr>,
}

impl Hurry {
    /// Whether nothing is waited for any more.
    pub(super) fn is_hurried(&self) -> bool {
        self.is_hurried
    }

    /// The result of something that the exit can do without. What is no `Exception` was raised by a signal's handler.
    pub(super) fn note(&mut self, py: Python<'_>, result: PyResult<()>) {
        if let Err(error) = ok_or_raise(py, result) {
            self.by(py, error);
        }
    }

    /// A handler of a signal has raised.
    pub(super) fn by(&mut self, py: Python<'_>, error: PyErr) {
        self.is_hurried = true;
        if !error.is_instance_of::<PyKeyboardInterrupt>(py) {
            self.raised.get_or_insert(error);
        }
    }

    /// What stage two raises.
    ///
    /// # Errors
    ///
    /// What a handler has raised, if it was no `KeyboardInterrupt`.
    pub(super) fn finish(mut self, py: Python<'_>) -> PyResult<()> {
        // A last signal is not left to whatever Python code comes next, an `atexit` function of somebody else's.
        if let Err(error) = py.check_signals() {
            self.by(py, error);
        }
        self.raised.map_or(Ok(()), Err)
    }
}
