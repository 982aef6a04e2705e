use pyo3::prelude::*;
use pyo3_async_runtimes::generic;

struct MyRuntime;

fn sleep(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    generic::future_into_py::<MyRuntime, _, _>(py, async { Ok(()) })
}

fn main() {}
