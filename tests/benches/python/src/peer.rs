//! On pyo3-async-runtimes. What it lacks is written as its users write it.

use pyo3_async_runtimes::tokio as api;

include!("side.rs");

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    shared(module)?;
    module.add_function(wrap_pyfunction!(call, module)?)?;
    module.add_function(wrap_pyfunction!(call_on_worker, module)?)
}

/// Calls the callable from Rust, this many calls at a time: on tokio's blocking threads, as its guide advises, because a
/// callable may block.
#[pyfunction]
fn call<'py>(
    py: Python<'py>,
    function: Bound<'py, PyAny>,
    times: usize,
    at_a_time: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let function = std::sync::Arc::new(function.unbind());
    api::future_into_py(py, async move {
        let calls = futures_util::stream::iter(0..times).map(|number| {
            let function = std::sync::Arc::clone(&function);
            async move {
                let called = tokio::task::spawn_blocking(move || {
                    Python::attach(|py| function.bind(py).call1((number,))?.extract::<usize>())
                });
                called.await.map_err(|error| pyo3::exceptions::PyRuntimeError::new_err(error.to_string()))?
            }
        });
        let mut calls = calls.buffer_unordered(at_a_time);
        let mut sum = 0;
        while let Some(number) = calls.next().await {
            sum += number?;
        }
        Ok(sum)
    })
}

/// Calls the callable on the worker itself, which is stuck for as long as the callable and the GIL take.
#[pyfunction]
fn call_on_worker<'py>(py: Python<'py>, function: Bound<'py, PyAny>, times: usize) -> PyResult<Bound<'py, PyAny>> {
    let function = function.unbind();
    api::future_into_py(py, async move {
        let mut sum = 0;
        for number in 0..times {
            sum += Python::attach(|py| function.bind(py).call1((number,))?.extract::<usize>())?;
        }
        Ok(sum)
    })
}
