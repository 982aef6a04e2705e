//! On sundown.

use sundown_python as api;
use tokio::sync::oneshot;

include!("side.rs");

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    shared(module)?;
    module.add_function(wrap_pyfunction!(eager, module)?)?;
    module.add_function(wrap_pyfunction!(call, module)?)?;
    module.add_function(wrap_pyfunction!(spawn_sleep, module)?)?;
    module.add_function(wrap_pyfunction!(cross, module)?)
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

/// What `sleep` cannot do without on Rust's side: a task of tokio's.
#[pyfunction]
fn spawn_sleep(seconds: f64) -> PyResult<()> {
    let handle = api::get_runtime().handle()?;
    let _entered = handle.enter();
    handle.spawn(tokio::time::sleep(Duration::from_secs_f64(seconds)));
    Ok(())
}

/// What a callback cannot do without: it wakes another thread, and is woken by it. No Python takes part.
#[pyfunction]
fn cross(py: Python<'_>, times: usize) -> PyResult<Bound<'_, PyAny>> {
    let (there, asked) = std::sync::mpsc::channel::<oneshot::Sender<()>>();
    std::thread::spawn(move || {
        for back in asked {
            let _ = back.send(());
        }
    });
    api::future_into_py(py, async move {
        for _ in 0..times {
            let (back, answer) = oneshot::channel();
            let _ = there.send(back);
            let _ = answer.await;
        }
        Ok(())
    })
}
