//! The extension module that the scenarios import, written against pyo3-async-runtimes 0.30 and compiled twice: with
//! the real one (`peer`) and with sundown's drop-in (`ours`). What pyo3-async-runtimes lacks is in each one's
//! `extras.rs`: there it is sundown's API, here what its users write by hand.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3_async_runtimes::tokio::{future_into_py, get_current_locals, into_future, run, scope};
use tokio::sync::mpsc::{self, error::TrySendError};

use crate::extras;

/// Puts everything into the module.
pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(sleep, module)?)?;
    module.add_function(wrap_pyfunction!(value, module)?)?;
    module.add_function(wrap_pyfunction!(delegate, module)?)?;
    module.add_function(wrap_pyfunction!(run_for, module)?)?;
    module.add_function(wrap_pyfunction!(attach_on_worker, module)?)?;
    extras::fill(module)
}

/// Completes after this many milliseconds.
#[pyfunction]
fn sleep(py: Python<'_>, milliseconds: f64) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async move {
        tokio::time::sleep(Duration::from_secs_f64(milliseconds.max(0.0) / 1e3)).await;
        Ok(())
    })
}

/// Completes at once, with the number.
#[pyfunction]
fn value(py: Python<'_>, number: u64) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async move { Ok(number) })
}

/// Awaits what the async callable returns, in Rust.
#[pyfunction]
fn delegate(py: Python<'_>, callable: Py<PyAny>) -> PyResult<Bound<'_, PyAny>> {
    let locals = get_current_locals(py)?;
    future_into_py(
        py,
        scope(locals, async move {
            let future = Python::attach(|py| into_future(callable.bind(py).call0()?))?;
            future.await
        }),
    )
}

/// Runs an event loop of its own for this many milliseconds.
#[pyfunction]
fn run_for(py: Python<'_>, milliseconds: u64) -> PyResult<()> {
    run(py, async move {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        Ok(())
    })
}

/// Calls the callable again and again from a worker of the runtime, a pause between the calls: not what sundown advises,
/// but legal and common.
#[pyfunction]
fn attach_on_worker(py: Python<'_>, callable: Py<PyAny>, pause_microseconds: u64) -> PyResult<Bound<'_, PyAny>> {
    future_into_py::<_, ()>(py, async move {
        loop {
            Python::attach(|py| callable.call0(py).map(drop))?;
            tokio::time::sleep(Duration::from_micros(pause_microseconds)).await;
        }
    })
}

/// A tick about every this many microseconds, from a thread of its own: tokio's timer counts milliseconds.
pub(crate) fn ticks(microseconds: u64) -> mpsc::Receiver<()> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        // A full channel is one whose reader is late: it need not be told twice.
        while !matches!(sender.try_send(()), Err(TrySendError::Closed(()))) {
            std::thread::sleep(Duration::from_micros(microseconds));
        }
    });
    receiver
}
