//! What code for pyo3-async-runtimes writes, with the types that it counts on: that it compiles is what the lints check.
//! With a libpython it runs: `cargo run -p sundown-pyo3-async-runtimes --all-features --example existing_code`.

use std::ffi::CStr;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3_async_runtimes::TaskLocals;
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet};

#[pyfunction]
fn sleep(py: Python<'_>, seconds: f64) -> PyResult<Bound<'_, PyAny>> {
    pyo3_async_runtimes::tokio::future_into_py(py, async move {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        Ok(())
    })
}

#[pyfunction]
fn with_turbofish(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let locals = TaskLocals::with_running_loop(py)?.copy_context(py)?;
    pyo3_async_runtimes::tokio::future_into_py_with_locals::<_, Py<PyAny>>(py, locals.clone(), async move {
        let asyncio_sleep = Python::attach(|py| {
            let sleep = py.import("asyncio")?.call_method1("sleep", (0, "slept"))?;
            pyo3_async_runtimes::into_future_with_locals(&locals, sleep)
        })?;
        asyncio_sleep.await
    })
}

/// In a task of one's own the locals are passed on.
#[pyfunction]
fn scoped(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let locals = pyo3_async_runtimes::tokio::get_current_locals(py)?;
    pyo3_async_runtimes::tokio::future_into_py(py, async move {
        let task = tokio::spawn(pyo3_async_runtimes::tokio::scope(locals, async {
            let slept = Python::attach(|py| {
                let _event_loop: Bound<'_, PyAny> = pyo3_async_runtimes::tokio::get_current_loop(py)?;
                pyo3_async_runtimes::tokio::into_future(py.import("asyncio")?.call_method1("sleep", (0,))?)
            })?;
            slept.await
        }));
        task.await.map_err(|error| pyo3_async_runtimes::err::RustPanic::new_err(error.to_string()))?
    })
}

/// The methods of tokio's runtime, with tokio's types.
#[pyfunction]
fn on_the_runtime(py: Python<'_>) -> PyResult<u32> {
    let runtime = pyo3_async_runtimes::tokio::get_runtime();
    let task: JoinHandle<u32> = runtime.spawn(async { 1 });
    let blocking: JoinHandle<u32> = runtime.spawn_blocking(|| 2);
    let handle: &Handle = runtime.handle();
    let mut set = JoinSet::new();
    set.spawn_on(async { 3 }, runtime.handle());
    let on_handle = handle.clone().spawn(async { 4 });
    {
        let _entered = runtime.enter();
        let _timer = tokio::time::sleep(Duration::from_secs(1));
    }
    let sum = py.detach(|| {
        runtime.block_on(async {
            let mut sum = task.await.unwrap() + blocking.await.unwrap() + on_handle.await.unwrap();
            while let Some(result) = set.join_next().await {
                sum += result.unwrap();
            }
            sum
        })
    });
    Ok(sum)
}

#[pymodule(gil_used = true)]
fn existing_code(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(sleep, module)?)?;
    module.add_function(wrap_pyfunction!(with_turbofish, module)?)?;
    module.add_function(wrap_pyfunction!(scoped, module)?)?;
    module.add_function(wrap_pyfunction!(on_the_runtime, module)?)
}

const PYTHON: &CStr = c"
async def main(module):
    await module.sleep(0.001)
    assert await module.with_turbofish() == 'slept'
    assert await module.scoped() is None
    assert module.on_the_runtime() == 10
";

#[pyo3_async_runtimes::tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> PyResult<()> {
    let done = Python::attach(|py| {
        let module = PyModule::new(py, "existing_code")?;
        existing_code(&module)?;
        let python = PyModule::from_code(py, PYTHON, c"existing_code.py", c"python")?;
        pyo3_async_runtimes::tokio::into_future(python.call_method1("main", (module,))?)
    })?;
    done.await?;
    println!("existing code runs");
    Ok(())
}
