//! The audit, and what it finds.

use pyo3::prelude::*;
use sundown_python::{Runtime, add_audit, audit};

/// From Rust: the text, and how many threads are not tracked.
#[pyfunction]
fn audit_from_rust(py: Python<'_>) -> PyResult<(String, usize)> {
    let audit = audit(py)?;
    let untracked = audit.threads().iter().filter(|thread| thread.origin.is_untracked()).count();
    Ok((audit.to_string(), untracked))
}

/// A runtime of tokio's own builder, of which the audit knows the workers that have polled a task of ours.
#[pyfunction]
fn runtime_of_tokios_builder(py: Python<'_>, name: &str) -> PyResult<TokiosRuntime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all();
    let runtime = sundown_python::Builder::from(builder).name(name).build()?;
    let polled = runtime.spawn(async {})?;
    runtime.block_on(py, async move { polled.await.unwrap() })?;
    Ok(TokiosRuntime(runtime))
}

#[pyclass(frozen)]
struct TokiosRuntime(Runtime);

#[pymethods]
impl TokiosRuntime {
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.0.shutdown_blocking(py, None).map(drop).map_err(PyErr::from)
    }
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_audit(module)?;
    module.add_function(wrap_pyfunction!(audit_from_rust, module)?)?;
    module.add_function(wrap_pyfunction!(runtime_of_tokios_builder, module)?)
}
