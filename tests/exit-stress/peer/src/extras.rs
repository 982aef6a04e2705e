//! What pyo3-async-runtimes lacks, as its users write it.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3_async_runtimes::tokio::{future_into_py, get_current_locals, get_runtime, into_future, scope};

use crate::shared::ticks;

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(block_on, module)?)?;
    module.add_function(wrap_pyfunction!(blocking, module)?)?;
    module.add_function(wrap_pyfunction!(call_every, module)?)?;
    module.add_function(wrap_pyfunction!(call_async_every, module)?)?;
    module.add_class::<Owner>()
}

/// A future that makes its timer where it is polled, in the runtime.
async fn sleep(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

/// Blocks the calling thread for this many milliseconds, in a future.
#[pyfunction]
fn block_on(py: Python<'_>, milliseconds: u64) -> PyResult<()> {
    py.detach(|| get_runtime().block_on(sleep(milliseconds)));
    Ok(())
}

/// Blocks a thread of the runtime for this many milliseconds.
#[pyfunction]
fn blocking(py: Python<'_>, milliseconds: u64) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async move {
        let thread = get_runtime().spawn_blocking(move || std::thread::sleep(Duration::from_millis(milliseconds)));
        thread.await.expect("it does not panic");
        Ok(())
    })
}

/// Calls it again and again, this many microseconds between the calls, until the process ends.
#[pyfunction]
fn call_every(callable: Py<PyAny>, microseconds: u64) {
    get_runtime().spawn(async move {
        let callable = Arc::new(callable);
        let mut ticks = ticks(microseconds);
        while ticks.recv().await.is_some() {
            let callable = Arc::clone(&callable);
            let call = get_runtime().spawn_blocking(move || Python::attach(|py| callable.call0(py).map(drop)));
            if !matches!(call.await, Ok(Ok(()))) {
                return;
            }
        }
    });
}

/// The same with an async callable, which runs on the event loop of the caller.
#[pyfunction]
fn call_async_every(py: Python<'_>, callable: Py<PyAny>, microseconds: u64) -> PyResult<()> {
    let locals = get_current_locals(py)?;
    get_runtime().spawn(scope(locals, async move {
        let mut ticks = ticks(microseconds);
        while ticks.recv().await.is_some() {
            let Ok(future) = Python::attach(|py| into_future(callable.bind(py).call0()?)) else { return };
            if future.await.is_err() {
                return;
            }
        }
    }));
    Ok(())
}

/// A Python object that owns a runtime.
#[pyclass(frozen)]
struct Owner {
    runtime: tokio::runtime::Runtime,
}

#[pymethods]
impl Owner {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(Owner { runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()? })
    }

    /// Starts this many tasks, each of which would take a minute.
    fn start(&self, tasks: usize) {
        for _ in 0..tasks {
            self.runtime.spawn(sleep(60_000));
        }
    }

    /// Blocks the calling thread for this many milliseconds, in a future on the object's runtime.
    fn block_on(&self, py: Python<'_>, milliseconds: u64) -> PyResult<()> {
        py.detach(|| self.runtime.block_on(sleep(milliseconds)));
        Ok(())
    }

    /// Completes on the object's runtime after this many milliseconds.
    fn sleep<'py>(&self, py: Python<'py>, milliseconds: u64) -> PyResult<Bound<'py, PyAny>> {
        let task = self.runtime.spawn(sleep(milliseconds));
        future_into_py(py, async move {
            task.await.map_err(|error| pyo3::exceptions::PyRuntimeError::new_err(error.to_string()))
        })
    }
}
