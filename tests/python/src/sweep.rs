//! The sweep of an asyncio loop: the functions for Python, and the one for Rust.

use std::time::Duration;

use pyo3::prelude::*;
use sundown_python::{add_sweep, sweep_asyncio};

/// The names of the steps with their words.
type Steps = Vec<(String, &'static str)>;

/// Whether all stopped by itself, the steps, and the text.
#[pyfunction]
#[pyo3(signature = (event_loop, seconds=None))]
fn sweep_from_rust(event_loop: &Bound<'_, PyAny>, seconds: Option<f64>) -> PyResult<(bool, Steps, String)> {
    let report = sweep_asyncio(event_loop, seconds.map(Duration::from_secs_f64))?;
    let steps = report.walk().map(|step| (step.name().to_owned(), step.outcome().word())).collect();
    Ok((report.is_clean(), steps, report.to_string()))
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_sweep(module)?;
    module.add_function(wrap_pyfunction!(sweep_from_rust, module)?)
}
