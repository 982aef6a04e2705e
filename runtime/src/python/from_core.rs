//! The core's errors, as exceptions: so `?` hands them on to Python.

use pyo3::PyErr;

use crate::python::interpreter::exceptions::{RuntimePanic, ShutdownError};
use crate::resource::{RuntimeThreadError, Undelivered};

impl From<RuntimeThreadError> for PyErr {
    fn from(error: RuntimeThreadError) -> Self {
        match error {
            RuntimeThreadError::ThreadPanic { .. } => RuntimePanic::new_err(error.to_string()),
            RuntimeThreadError::Timeout { error, .. } | RuntimeThreadError::Failed { error, .. } => error.into(),
            _ => ShutdownError::new_err(error.to_string()),
        }
    }
}

impl<M> From<Undelivered<M>> for PyErr {
    fn from(undelivered: Undelivered<M>) -> Self {
        undelivered.into_error().into()
    }
}
