//! The gate of this module: every entry of ours into Python passes it, and at exit it closes.

use std::time::Instant;

use pyo3::PyResult;

use crate::internal::host::fork::{PerProcess, generation};
use crate::internal::sync::gate::Gate;
use crate::interpreter::closing;
use crate::interpreter::shield::Shield;

/// A child that was forked while its parent exits finds it closed.
static GATE: PerProcess<Gate> = PerProcess::new(|| Gate::new(closing::has_begun()));

/// The right to be inside Python; dropped, it is given back. A thread that the exit did not wait for long enough is parked
/// there, and not unwound.
#[derive(Debug)]
#[must_use = "dropping it leaves the gate"]
pub(crate) struct Pass {
    gate: &'static Gate,
    generation: u32,
    _shield: Shield,
}

/// A pass; none when the gate is closed.
pub(crate) fn enter() -> Option<Pass> {
    let gate = GATE.get();
    gate.enter().then(|| Pass { gate, generation: generation(), _shield: Shield::new() })
}

/// A pass for something new: a future, a wait, a thread. After the beginning of stage two there is none.
///
/// # Errors
///
/// The refusal of `what`.
pub(crate) fn admit(what: &str) -> PyResult<Pass> {
    enter().filter(|_| !closing::has_begun()).ok_or_else(|| closing::refuse(what))
}

/// Closes the gate, and blocks until all threads have left or `deadline` has come: to be called detached. Returns how many
/// are still inside.
pub(crate) fn close(deadline: Instant) -> usize {
    GATE.get().close(deadline)
}

/// Whether the gate is closed.
pub(crate) fn is_closed() -> bool {
    GATE.get().is_closed()
}

impl Drop for Pass {
    fn drop(&mut self) {
        // A thread that forks inside leaves in the child too. The child has another gate; this one may be locked there,
        // with no thread to unlock it.
        if self.generation == generation() {
            self.gate.leave();
        }
    }
}
