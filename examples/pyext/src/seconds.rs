//! A time limit as Python says it.

use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A number of seconds, not negative. PyO3's own `Duration` is a `timedelta`.
#[derive(Clone, Copy)]
pub(crate) struct Seconds(pub(crate) Duration);

impl FromPyObject<'_, '_> for Seconds {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let seconds = value.extract::<f64>()?;
        let invalid = |_| PyValueError::new_err(format!("a timeout of {seconds} s"));
        Duration::try_from_secs_f64(seconds).map(Seconds).map_err(invalid)
    }
}
