//! Threads that wait for a Rust future: `run`, `run_until_complete`, `block_on`.

use std::future::pending;
use std::time::Duration;

use pyo3::prelude::*;
use sundown_python::into_future;

use crate::probe::Probe;

/// `run`, with a future that awaits what the function returns, on the loop that `run` made.
#[pyfunction]
fn run_awaiting(py: Python<'_>, function: Py<PyAny>) -> PyResult<Py<PyAny>> {
    sundown_python::run(py, async move {
        let future = Python::attach(|py| into_future(function.bind(py).call0()?))?;
        future.await
    })
}

/// `run_until_complete`, with a future that sleeps.
#[pyfunction]
fn run_until_slept(event_loop: Bound<'_, PyAny>, seconds: f64, value: u64) -> PyResult<u64> {
    sundown_python::run_until_complete(event_loop, async move {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        Ok(value)
    })
}

/// `run_until_complete`, with a future that fails.
#[pyfunction]
fn run_until_failed(event_loop: Bound<'_, PyAny>, error: Py<PyAny>) -> PyResult<()> {
    sundown_python::run_until_complete(event_loop, async move {
        tokio::task::yield_now().await;
        Err(Python::attach(|py| PyErr::from_value(error.into_bound(py))))
    })
}

/// `block_on` of the default runtime, with a future that sleeps.
#[pyfunction]
#[pyo3(signature = (seconds, probe=None))]
fn block_on_sleep(py: Python<'_>, seconds: f64, probe: Option<Probe>) -> PyResult<f64> {
    let mut watched = probe.unwrap_or_default().watch();
    sundown_python::get_runtime().block_on(py, async move {
        watched.started();
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        watched.completed();
        seconds
    })
}

/// `block_on` with a future that is never ready.
#[pyfunction]
fn block_on_never(py: Python<'_>, probe: Probe) -> PyResult<()> {
    let watched = probe.watch();
    sundown_python::get_runtime().block_on(py, async move {
        watched.started();
        pending::<()>().await;
    })
}

/// `block_on` with a future that is ready when the probe says so.
#[pyfunction]
fn block_on_released(py: Python<'_>, probe: Probe) -> PyResult<()> {
    let mut watched = probe.watch();
    sundown_python::get_runtime().block_on(py, async move {
        watched.started();
        probe.released().await;
        watched.completed();
    })
}

/// As `block_on_never`, and prints a line when it waits: for a process that has no other thread to say so.
#[pyfunction]
fn block_on_announced(py: Python<'_>, probe: Probe) -> PyResult<()> {
    let watched = probe.watch();
    sundown_python::get_runtime().block_on(py, async move {
        watched.started();
        println!("waits");
        pending::<()>().await;
    })
}

/// `block_on` with a future that panics.
#[pyfunction]
fn block_on_panic(py: Python<'_>, message: String) -> PyResult<()> {
    sundown_python::get_runtime().block_on(py, async move { panic!("{message}") })
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(run_awaiting, module)?)?;
    module.add_function(wrap_pyfunction!(run_until_slept, module)?)?;
    module.add_function(wrap_pyfunction!(run_until_failed, module)?)?;
    module.add_function(wrap_pyfunction!(block_on_sleep, module)?)?;
    module.add_function(wrap_pyfunction!(block_on_never, module)?)?;
    module.add_function(wrap_pyfunction!(block_on_released, module)?)?;
    module.add_function(wrap_pyfunction!(block_on_announced, module)?)?;
    module.add_function(wrap_pyfunction!(block_on_panic, module)?)
}
