//! What pyo3-async-runtimes lacks, as sundown has it.

use std::time::Duration;

use pyo3::prelude::*;
use sundown_python::exceptions::ShutdownError;
use sundown_python::{Callback, Runtime, future_into_py, get_runtime, install};

use crate::shared::ticks;

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    if std::env::var_os("STRESS_WITHOUT_INSTALL").is_none() {
        install(module)?;
    }
    crate::places::fill(module)?;
    module.add_function(wrap_pyfunction!(block_on, module)?)?;
    module.add_function(wrap_pyfunction!(blocking, module)?)?;
    module.add_function(wrap_pyfunction!(call_every, module)?)?;
    module.add_function(wrap_pyfunction!(call_async_every, module)?)?;
    module.add_class::<Owner>()
}

async fn sleep(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

/// Blocks the calling thread for this many milliseconds, in a future.
#[pyfunction]
fn block_on(py: Python<'_>, milliseconds: u64) -> PyResult<()> {
    get_runtime().block_on(py, sleep(milliseconds))
}

/// Blocks a thread of the runtime for this many milliseconds.
#[pyfunction]
fn blocking(py: Python<'_>, milliseconds: u64) -> PyResult<Bound<'_, PyAny>> {
    let thread = get_runtime().spawn_blocking(move || std::thread::sleep(Duration::from_millis(milliseconds)))?;
    future_into_py(py, async move { thread.await.map_err(|error| ShutdownError::new_err(error.to_string())) })
}

/// Calls it again and again, this many microseconds between the calls, until the process ends.
#[pyfunction]
fn call_every(callable: &Bound<'_, PyAny>, microseconds: u64) -> PyResult<()> {
    call(Callback::on_thread(callable)?, microseconds)
}

/// The same with an async callable, which runs on the event loop of the caller.
#[pyfunction]
fn call_async_every(callable: &Bound<'_, PyAny>, microseconds: u64) -> PyResult<()> {
    call(Callback::new(callable)?, microseconds)
}

fn call(callback: Callback, microseconds: u64) -> PyResult<()> {
    get_runtime().spawn(async move {
        let mut ticks = ticks(microseconds);
        while ticks.recv().await.is_some() {
            if callback.call(()).await.is_err() {
                return;
            }
        }
    })?;
    Ok(())
}

/// A Python object that owns a runtime.
#[pyclass(frozen)]
struct Owner {
    runtime: Runtime,
}

#[pymethods]
impl Owner {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(Owner { runtime: Runtime::builder().worker_threads(2).build()? })
    }

    /// Starts this many tasks, each of which would take a minute.
    fn start(&self, tasks: usize) -> PyResult<()> {
        (0..tasks).try_for_each(|_| self.runtime.spawn(sleep(60_000)).map(drop))
    }

    /// Blocks the calling thread for this many milliseconds, in a future on the object's runtime.
    fn block_on(&self, py: Python<'_>, milliseconds: u64) -> PyResult<()> {
        self.runtime.block_on(py, sleep(milliseconds))
    }

    /// Completes on the object's runtime after this many milliseconds.
    fn sleep<'py>(&self, py: Python<'py>, milliseconds: u64) -> PyResult<Bound<'py, PyAny>> {
        let task = self.runtime.spawn(sleep(milliseconds))?;
        future_into_py(py, async move { task.await.map_err(|error| ShutdownError::new_err(error.to_string())) })
    }
}
