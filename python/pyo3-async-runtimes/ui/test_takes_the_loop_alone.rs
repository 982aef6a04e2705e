use pyo3::prelude::*;

#[pyo3_async_runtimes::tokio::test]
fn it_sleeps(_event_loop: Py<PyAny>, _seconds: f64) -> PyResult<()> {
    Ok(())
}

#[pyo3_async_runtimes::tokio::test]
async fn it_waits(_event_loop: Py<PyAny>) -> PyResult<()> {
    Ok(())
}

fn main() {}
