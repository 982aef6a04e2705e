//! The two stages.

use pyo3::prelude::*;

pub(in crate::python) fn install(_py: Python<'_>) -> PyResult<()> {
    Ok(())
}
