//! An event loop that is started when it is first needed.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use sundown::{Outcome, Progress, Teardown, Wait};

use crate::event_loop::teardown::inherited;
use crate::event_loop::{EventLoop, EventLoopBuilder};
use crate::internal::host::fork::Inheritable;
use crate::internal::sync::lock;
use crate::internal::teardown::by_ref::teardown_by_ref;
use crate::interpreter::exceptions::{self, ShutdownError};

/// An [`EventLoop`] that is started at first use: for an object that may never need one. Until then it costs no thread
/// and no descriptor.
///
/// A cheap handle: all clones are one loop, and it is a field of a Python class as an `EventLoop` is. One that was shut down
/// before it was started is never started.
///
/// ```no_run
/// use pyo3::prelude::*;
/// use sundown_python::{EventLoop, LazyEventLoop, ShutdownGuard, pyclass_teardown};
///
/// #[pyclass_teardown]
/// #[pyclass]
/// struct Tool {
///     #[shutdown]
///     callbacks: LazyEventLoop,
///     guard: ShutdownGuard<Self>,
/// }
///
/// #[pyclass_teardown]
/// #[pymethods]
/// impl Tool {
///     #[new]
///     fn new() -> PyResult<Self> {
///         let callbacks = EventLoop::builder().name("callbacks").lazy();
///         Ok(Tool { callbacks, guard: ShutdownGuard::new() })
///     }
///
///     fn call(&self, py: Python<'_>, function: Py<PyAny>) -> PyResult<Py<PyAny>> {
///         let event_loop = self.callbacks.get_or_start(py)?;
///         sundown_python::get_runtime().block_on(py, async move { event_loop.run(function, ()).await })?
///     }
/// }
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct LazyEventLoop {
    inner: Arc<Inheritable<Mutex<State>>>,
}

enum State {
    Unstarted {
        builder: EventLoopBuilder,
        /// The threads that start it just now.
        starting: Vec<ThreadId>,
    },
    Started(EventLoop),
    /// It was shut down before it was started.
    Closed,
}

impl EventLoopBuilder {
    /// A handle that starts the loop at its first use.
    pub fn lazy(self) -> LazyEventLoop {
        LazyEventLoop {
            inner: Arc::new(Inheritable::new(Mutex::new(State::Unstarted { builder: self, starting: Vec::new() }))),
        }
    }
}

impl LazyEventLoop {
    /// The loop, which the first call starts. Of two threads that start it at the same time both get the same loop, and
    /// another one that was made meanwhile is stopped.
    ///
    /// # Errors
    ///
    /// As [`EventLoopBuilder::start`], and the next call tries again; `RuntimeError` if this thread is starting it already:
    /// the loop's factory calls this, or the handler of a signal that has interrupted it; `ShutdownError` if it was shut
    /// down before it was started; `ForkedProcessError` in a forked child.
    #[track_caller]
    pub fn get_or_start(&self, py: Python<'_>) -> PyResult<EventLoop> {
        let state = self.inner.get().ok_or_else(|| exceptions::forked_err("the event loop"))?;
        let (again, starting) = match &mut *lock(state) {
            State::Unstarted { builder, starting } => (builder.again(py), Starting::begin(state, starting)?),
            State::Started(event_loop) => return Ok(event_loop.clone()),
            State::Closed => return Err(closed()),
        };
        // Outside the lock: it runs Python, which may let another thread run that comes here.
        let made = again.start(py)?;
        drop(starting);
        let mut state = lock(state);
        match &*state {
            State::Unstarted { .. } => {
                let before = std::mem::replace(&mut *state, State::Started(made.clone()));
                drop(state);
                drop(before);
                Ok(made)
            }
            State::Started(first) => Ok(first.clone()),
            State::Closed => Err(closed()),
        }
    }

    /// The loop, if it was started.
    #[must_use]
    pub fn get(&self) -> Option<EventLoop> {
        match &*lock(self.inner.get()?) {
            State::Started(event_loop) => Some(event_loop.clone()),
            State::Unstarted { .. } | State::Closed => None,
        }
    }

    /// The loop; if it was not started it never will be.
    fn close(&self) -> Option<EventLoop> {
        let mut state = lock(self.inner.get()?);
        if let State::Started(event_loop) = &*state {
            return Some(event_loop.clone());
        }
        let before = std::mem::replace(&mut *state, State::Closed);
        drop(state);
        drop(before); // it may have a factory of the user's
        None
    }
}

/// This thread starts the loop, until this is dropped.
struct Starting<'a>(&'a Mutex<State>);

impl<'a> Starting<'a> {
    /// # Errors
    ///
    /// If it does so already, further down its stack.
    fn begin(state: &'a Mutex<State>, starting: &mut Vec<ThreadId>) -> PyResult<Self> {
        let thread = thread::current().id();
        if starting.contains(&thread) {
            return Err(PyRuntimeError::new_err("the event loop is being started: its factory must not use it"));
        }
        starting.push(thread);
        Ok(Starting(state))
    }
}

impl Drop for Starting<'_> {
    fn drop(&mut self) {
        if let State::Unstarted { starting, .. } = &mut *lock(self.0) {
            let thread = thread::current().id();
            starting.retain(|other| *other != thread);
        }
    }
}

fn closed() -> PyErr {
    ShutdownError::new_err("the event loop was shut down before it was started")
}

impl Default for LazyEventLoop {
    fn default() -> Self {
        EventLoop::builder().lazy()
    }
}

impl fmt::Debug for LazyEventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyEventLoop").field("started", &self.get()).finish()
    }
}

/// As that of the loop; one that was not started has stopped.
impl Teardown for &LazyEventLoop {
    fn request(&mut self, progress: &mut Progress) {
        if let Some(event_loop) = self.close() {
            (&event_loop).request(progress);
        }
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            if self.inner.is_inherited() {
                return inherited();
            }
            match self.close() {
                Some(event_loop) => (&event_loop).wait(progress).await,
                None => Outcome::Stopped,
            }
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        if let Some(event_loop) = self.close() {
            (&event_loop).force(progress);
        }
    }
}

teardown_by_ref!([] LazyEventLoop);
