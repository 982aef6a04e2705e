//! On sundown.

use sundown_python as api;

include!("side.rs");

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    shared(module)?;
    module.add_function(wrap_pyfunction!(eager, module)?)?;
    module.add_function(wrap_pyfunction!(call, module)?)
}

/// Ready when it is polled on the calling thread.
#[pyfunction]
fn eager(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    api::future_into_py_eager(py, async { Ok(()) })
}

/// Calls the callable from Rust, this many calls at a time.
#[pyfunction]
fn call<'py>(
    py: Python<'py>,
    function: Bound<'py, PyAny>,
    times: usize,
    at_a_time: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let callback = api::Callback::new(&function)?;
    api::future_into_py(py, async move {
        let calls = futures_util::stream::iter(0..times).map(|number| callback.call_into::<usize, _>((number,)));
        let mut calls = calls.buffer_unordered(at_a_time);
        let mut sum = 0;
        while let Some(number) = calls.next().await {
            sum += number?;
        }
        Ok(sum)
    })
}
