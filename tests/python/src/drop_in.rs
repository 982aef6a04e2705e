//! Where `pyo3_async_runtimes` differs from `sundown_python`.

use std::pin::pin;

use futures_util::stream::StreamExt as _;
use pyo3::prelude::*;
use pyo3_async_runtimes::tokio as drop_in;

/// "Start a server, wait until it is up, then await it": `server` and `is_up` are awaitables.
#[pyfunction]
fn drop_in_serve<'py>(server: Bound<'py, PyAny>, is_up: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = server.py();
    let server = drop_in::into_future(server)?;
    let is_up = drop_in::into_future(is_up)?;
    drop_in::future_into_py(py, async move {
        is_up.await?;
        server.await
    })
}

/// The same natively: a future runs once it is polled, so the server is spawned.
#[pyfunction]
fn serve<'py>(server: Bound<'py, PyAny>, is_up: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = server.py();
    let server = sundown_python::get_runtime().spawn(sundown_python::into_future(server)?)?;
    let is_up = sundown_python::into_future(is_up)?;
    sundown_python::future_into_py(py, async move {
        is_up.await?;
        server.await.map_err(|error| pyo3::exceptions::PyRuntimeError::new_err(error.to_string()))?
    })
}

/// The same with a generator: its first item.
#[pyfunction]
fn drop_in_read<'py>(generator: Bound<'py, PyAny>, is_up: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = generator.py();
    let items = drop_in::into_stream_v2(generator)?;
    let is_up = drop_in::into_future(is_up)?;
    drop_in::future_into_py(py, async move {
        is_up.await?;
        Ok(pin!(items).next().await)
    })
}

/// Makes a Rust future of the awaitable and drops it without a poll.
#[pyfunction]
fn drop_in_drop_unpolled(awaitable: Bound<'_, PyAny>) -> PyResult<()> {
    drop_in::into_future(awaitable).map(drop)
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(drop_in_serve, module)?)?;
    module.add_function(wrap_pyfunction!(serve, module)?)?;
    module.add_function(wrap_pyfunction!(drop_in_read, module)?)?;
    module.add_function(wrap_pyfunction!(drop_in_drop_unpolled, module)?)
}
