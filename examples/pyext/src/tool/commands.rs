//! The callbacks by name.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

/// A callback. A `Py` alone can be cloned only while attached.
pub(super) type Command = Arc<Py<PyAny>>;

#[derive(Default)]
pub(super) struct Commands {
    by_name: Mutex<BTreeMap<String, Command>>,
}

impl Commands {
    pub(super) fn add(&self, name: String, function: Bound<'_, PyAny>) -> PyResult<()> {
        if !function.is_callable() {
            return Err(PyTypeError::new_err(format!("a command is callable, and {} is not", function.repr()?)));
        }
        let replaced = self.lock().insert(name, Arc::new(function.unbind()));
        // Its destructor may be Python code, which finds the lock free.
        drop(replaced);
        Ok(())
    }

    pub(super) fn get(&self, name: &str) -> PyResult<Command> {
        let unknown = || PyValueError::new_err(format!("unknown command `{name}`"));
        self.lock().get(name).cloned().ok_or_else(unknown)
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // The collector stops every other thread: one that has the lock would never let go of it.
        let Ok(commands) = self.by_name.try_lock() else { return Ok(()) };
        // A callback that a script uses too has another owner, whom the collector does not see.
        commands
            .values()
            .filter(|command| Arc::strong_count(command) == 1)
            .try_for_each(|command| visit.call(&**command))
    }

    pub(super) fn clear(&self) {
        let commands = std::mem::take(&mut *self.lock());
        drop(commands);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Command>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
