// Included twice: `api` is sundown's bridge or pyo3-async-runtimes. (No module header: it is the middle of one.)

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use pyo3::prelude::*;

fn shared(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(ready, module)?)?;
    module.add_function(wrap_pyfunction!(sleep, module)?)?;
    module.add_function(wrap_pyfunction!(delegate, module)?)?;
    module.add_function(wrap_pyfunction!(await_all, module)?)
}

/// Ready at its first poll.
#[pyfunction]
fn ready(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    api::future_into_py(py, async { Ok(()) })
}

#[pyfunction]
fn sleep(py: Python<'_>, seconds: f64) -> PyResult<Bound<'_, PyAny>> {
    api::future_into_py(py, async move {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        Ok(())
    })
}

/// Awaits what the async callable returns, one after another.
#[pyfunction]
fn delegate<'py>(py: Python<'py>, function: Bound<'py, PyAny>, times: usize) -> PyResult<Bound<'py, PyAny>> {
    let function = function.unbind();
    api::future_into_py(py, async move {
        for _ in 0..times {
            Python::attach(|py| api::into_future(function.bind(py).call0()?))?.await?;
        }
        Ok(())
    })
}

/// Awaits all of these in Rust, at the same time.
#[pyfunction]
fn await_all<'py>(py: Python<'py>, awaitables: Vec<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
    let mut futures = awaitables.into_iter().map(api::into_future).collect::<PyResult<FuturesUnordered<_>>>()?;
    api::future_into_py(py, async move {
        while let Some(result) = futures.next().await {
            result?;
        }
        Ok(())
    })
}
