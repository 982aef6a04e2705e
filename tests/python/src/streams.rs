//! Async generators that Rust reads.

use std::pin::pin;

use futures_util::stream::StreamExt as _;
use pyo3::prelude::*;
use sundown_python::{future_into_py, into_stream_v1, into_stream_v2};

/// The first `count` items, and then the stream is dropped; all, if there are fewer. An error ends it.
#[pyfunction]
fn take_v1(generator: Bound<'_, PyAny>, count: usize) -> PyResult<Bound<'_, PyAny>> {
    let py = generator.py();
    let stream = into_stream_v1(generator)?;
    future_into_py(py, async move {
        let mut stream = pin!(stream.take(count));
        let mut items = Vec::new();
        while let Some(item) = stream.next().await {
            items.push(item?);
        }
        Ok(items)
    })
}

/// The same over the second kind, which hands on objects and ends quietly.
#[pyfunction]
fn take_v2(generator: Bound<'_, PyAny>, count: usize) -> PyResult<Bound<'_, PyAny>> {
    let py = generator.py();
    let stream = into_stream_v2(generator)?;
    future_into_py(py, async move { Ok(pin!(stream.take(count)).collect::<Vec<_>>().await) })
}

/// Reads slowly: sleeps after each item.
#[pyfunction]
fn take_slowly_v2(generator: Bound<'_, PyAny>, count: usize, milliseconds: u64) -> PyResult<Bound<'_, PyAny>> {
    let py = generator.py();
    let stream = into_stream_v2(generator)?;
    future_into_py(py, async move {
        let mut stream = pin!(stream.take(count));
        let mut items = Vec::new();
        while let Some(item) = stream.next().await {
            items.push(item);
            tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
        }
        Ok(items)
    })
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(take_v1, module)?)?;
    module.add_function(wrap_pyfunction!(take_v2, module)?)?;
    module.add_function(wrap_pyfunction!(take_slowly_v2, module)?)
}
