//! How an event loop is made.

use std::panic::Location;
use std::time::Duration;

use pyo3::prelude::*;

use crate::event_loop::EventLoop;
use crate::event_loop::core::LoopCore;

/// Builds an [`EventLoop`].
///
/// ```no_run
/// use std::time::Duration;
/// use pyo3::prelude::*;
/// use sundown_python::EventLoop;
///
/// fn start(py: Python<'_>) -> PyResult<EventLoop> {
///     let uvloop = py.import("uvloop")?.getattr("new_event_loop")?;
///     EventLoop::builder().name("watches").timeout(Duration::from_secs(2)).loop_factory(&uvloop).start(py)
/// }
/// ```
#[derive(Debug)]
#[must_use = "nothing is made until `start`"]
pub struct EventLoopBuilder {
    name: String,
    timeout: Option<Duration>,
    factory: Option<Py<PyAny>>,
}

impl EventLoopBuilder {
    /// What reports and errors call it, and its thread. "event loop", if it is not called.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The budget of its shutdown where the caller gives none: at exit, when it is dropped; five seconds, if it is not
    /// called. Inside another value, it is a bound within that one's budget; none, if it is not called.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// What makes the loop, `uvloop.new_event_loop` say; `asyncio.new_event_loop`, if it is not called.
    pub fn loop_factory(mut self, factory: &Bound<'_, PyAny>) -> Self {
        self.factory = Some(factory.clone().unbind());
        self
    }

    /// The same again.
    pub(super) fn again(&self, py: Python<'_>) -> Self {
        let factory = self.factory.as_ref().map(|factory| factory.clone_ref(py));
        EventLoopBuilder { name: self.name.clone(), timeout: self.timeout, factory }
    }

    /// Makes the loop, and starts its thread.
    ///
    /// # Errors
    ///
    /// What the factory raises; if there is no descriptor or no thread left;
    /// [`ShutdownError`](crate::exceptions::ShutdownError) if the interpreter is exiting.
    #[track_caller]
    pub fn start(self, py: Python<'_>) -> PyResult<EventLoop> {
        // A thread's name may not contain it.
        let name = self.name.replace('\0', " ");
        let core = LoopCore::start(py, name.clone(), Location::caller(), self.timeout, self.factory)?;
        Ok(EventLoop::made(name, core))
    }
}

impl Default for EventLoopBuilder {
    fn default() -> Self {
        EventLoopBuilder { name: "event loop".to_owned(), timeout: None, factory: None }
    }
}
