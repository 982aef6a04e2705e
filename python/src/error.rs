//! The core's errors as exceptions, and exceptions in the core's reports.

use std::error::Error;
use std::fmt;
use std::ops::Deref;

use pyo3::{PyErr, PyResult, Python};
use sundown::{Report, RuntimeThreadError, Undelivered};

use crate::internal::teardown::outcome::Words;
use crate::interpreter::exceptions::{RuntimePanic, ShutdownError as ShutdownException, shutdown_error};
use crate::interpreter::gate;

/// A shutdown in which not every step stopped by itself: the core's [`ShutdownError`](sundown::ShutdownError), which `?`
/// hands on to Python.
///
/// The methods of this crate, and those that its [`#[must_shutdown]`](crate::must_shutdown) writes, return it. It becomes
/// [`ShutdownTimeout`](crate::exceptions::ShutdownTimeout) if something was forced or given up, else
/// [`ShutdownError`](crate::exceptions::ShutdownError). (The core's own type cannot become a `PyErr` by `?`: only the crate
/// of one of the two could say how. See [`OrRaise`].)
#[derive(Clone)]
pub struct ShutdownError(sundown::ShutdownError);

impl ShutdownError {
    /// The report itself.
    pub fn into_report(self) -> Report {
        self.0.into_report()
    }
}

impl Deref for ShutdownError {
    type Target = sundown::ShutdownError;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl fmt::Debug for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for ShutdownError {}

impl From<sundown::ShutdownError> for ShutdownError {
    fn from(error: sundown::ShutdownError) -> Self {
        ShutdownError(error)
    }
}

impl From<ShutdownError> for sundown::ShutdownError {
    fn from(error: ShutdownError) -> Self {
        error.0
    }
}

impl From<ShutdownError> for PyErr {
    fn from(error: ShutdownError) -> Self {
        shutdown_error(&error)
    }
}

/// An error of the core's own types, as an exception: [`try_join`](crate::try_join),
/// [`registry::shutdown_all`](crate::registry::shutdown_all), [`RuntimeThread`](crate::RuntimeThread).
///
/// ```no_run
/// use pyo3::prelude::*;
/// use sundown_python::{OrRaise, registry};
/// use std::time::Duration;
///
/// #[pyfunction]
/// fn stop_everything(py: Python<'_>) -> PyResult<()> {
///     py.detach(|| registry::shutdown_all_blocking(Duration::from_secs(5))).or_raise()?;
///     Ok(())
/// }
/// ```
pub trait OrRaise<T> {
    /// The value, or the error as an exception.
    ///
    /// # Errors
    ///
    /// [`RuntimePanic`] for a thread that panicked; [`ShutdownTimeout`](crate::exceptions::ShutdownTimeout) if something was
    /// forced or given up; else [`ShutdownError`](crate::exceptions::ShutdownError).
    fn or_raise(self) -> PyResult<T>;
}

impl<T> OrRaise<T> for Result<T, sundown::ShutdownError> {
    fn or_raise(self) -> PyResult<T> {
        self.map_err(|error| shutdown_error(&error))
    }
}

impl<T> OrRaise<T> for Result<T, RuntimeThreadError> {
    fn or_raise(self) -> PyResult<T> {
        self.map_err(of_thread)
    }
}

impl<T, M> OrRaise<T> for Result<T, Undelivered<M>> {
    fn or_raise(self) -> PyResult<T> {
        self.map_err(|undelivered| of_thread(undelivered.into_error()))
    }
}

fn of_thread(error: RuntimeThreadError) -> PyErr {
    match error {
        RuntimeThreadError::ThreadPanic { .. } => RuntimePanic::new_err(error.to_string()),
        RuntimeThreadError::Timeout { error, .. } | RuntimeThreadError::Failed { error, .. } => shutdown_error(&error),
        _ => ShutdownException::new_err(error.to_string()),
    }
}

inventory::submit!(Words(words));

/// The text of an exception that a report keeps: read once, when the step fails, and inside the gate. To display it
/// attaches, and a report is displayed on any thread, and after the interpreter's end too.
fn words(error: &(dyn Error + 'static)) -> Option<String> {
    let error = error.downcast_ref::<PyErr>()?;
    let text = gate::enter().and_then(|_pass| Python::try_attach(|_| error.to_string()));
    Some(text.unwrap_or_else(|| "a Python exception, at the interpreter's end".to_owned()))
}
