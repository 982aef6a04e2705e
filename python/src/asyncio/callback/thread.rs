//! The threads of callbacks without a loop.

use std::sync::{Arc, Mutex, Weak};

use pyo3::prelude::*;

use crate::bridge::Bridge;
use crate::internal::host::fork::PerProcess;
use crate::internal::sync::lock;

/// A thread of Python's that serves callbacks. It ends with the last of them.
pub(super) struct ServingThread {
    bridge: Arc<Bridge>,
}

/// That of all callbacks which ask for none of their own.
static SHARED: PerProcess<Mutex<Weak<ServingThread>>> = PerProcess::new(Mutex::default);

impl ServingThread {
    pub(super) fn start(py: Python<'_>) -> PyResult<Arc<Self>> {
        Ok(Arc::new(ServingThread { bridge: Bridge::of_thread(py, "sundown-callback")? }))
    }

    /// The one that is shared, started if there is none.
    pub(super) fn shared(py: Python<'_>) -> PyResult<Arc<Self>> {
        let running = || lock(SHARED.get()).upgrade().filter(|thread| thread.bridge.is_open());
        if let Some(thread) = running() {
            return Ok(thread);
        }
        // Not below the lock: this runs Python.
        let made = Self::start(py)?;
        let first = running();
        Ok(first.unwrap_or_else(|| {
            *lock(SHARED.get()) = Arc::downgrade(&made);
            made
        }))
    }

    pub(super) fn bridge(&self) -> Arc<Bridge> {
        Arc::clone(&self.bridge)
    }
}

impl Drop for ServingThread {
    fn drop(&mut self) {
        self.bridge.close();
    }
}
