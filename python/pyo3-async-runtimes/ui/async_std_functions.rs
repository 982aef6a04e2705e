use pyo3::prelude::*;

fn sleep(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    pyo3_async_runtimes::async_std::future_into_py(py, async { Ok(()) })
}

fn main() {}
