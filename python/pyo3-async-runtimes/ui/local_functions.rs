use std::rc::Rc;

use pyo3::prelude::*;

#[allow(deprecated)]
fn sleep(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let shared = Rc::new(1);
    pyo3_async_runtimes::tokio::local_future_into_py(py, async move {
        tokio::task::yield_now().await;
        Ok(*shared)
    })
}

fn main() {}
