//! `block_on` where a thread is in the middle of something: a poll, a task, a shutdown; and the default runtime as a user
//! makes it.

use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::Duration;

use pyo3::prelude::*;
use sundown_python::exceptions::ShutdownError;
use sundown_python::{Runtime, get_runtime};

use crate::probe::Probe;

/// A future that is always ready to be polled again, and never ends.
#[pyfunction]
fn block_on_busy(py: Python<'_>, probe: Probe) -> PyResult<()> {
    let watched = probe.watch();
    get_runtime().block_on(py, async move {
        watched.started();
        loop {
            tokio::task::yield_now().await;
        }
    })
}

/// A future that is not `Send`.
#[pyfunction]
fn block_on_local(py: Python<'_>) -> PyResult<usize> {
    let shared = Rc::new(());
    get_runtime().block_on_local(py, async move {
        tokio::time::sleep(Duration::from_millis(1)).await;
        Rc::strong_count(&shared)
    })
}

/// A future that calls Python, which may call `block_on`, attached on the same thread.
#[pyfunction]
fn block_on_calling(py: Python<'_>, function: Py<PyAny>) -> PyResult<Py<PyAny>> {
    get_runtime().block_on(py, async move {
        tokio::task::yield_now().await;
        Python::attach(|py| function.call0(py))
    })?
}

/// `block_on` inside a blocking task, where it may block.
#[pyfunction]
fn block_on_in_a_blocking_task(py: Python<'_>) -> PyResult<u64> {
    let task = get_runtime().spawn_blocking(|| Python::attach(slept))?;
    get_runtime().block_on(py, task)?.expect("it neither panics nor is dropped")
}

/// `block_on` inside `block_in_place`, where a worker may block.
#[pyfunction]
fn block_on_in_place(py: Python<'_>) -> PyResult<u64> {
    let task = get_runtime().spawn(async { tokio::task::block_in_place(|| Python::attach(slept)) })?;
    get_runtime().block_on(py, task)?.expect("it neither panics nor is dropped")
}

fn slept(py: Python<'_>) -> PyResult<u64> {
    get_runtime().block_on(py, async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        5
    })
}

/// A runtime that is shut down inside its own `block_on`.
#[pyfunction]
#[pyo3(signature = (current_thread=false))]
fn shutdown_in_its_own_block_on(py: Python<'_>, current_thread: bool) -> PyResult<String> {
    let builder = Runtime::builder().name("inside");
    let runtime = if current_thread { builder.current_thread() } else { builder }.build()?;
    let result = runtime.block_on(py, runtime.shutdown(None))?;
    result.map(|report| report.to_string()).map_err(|error| ShutdownError::new_err(error.report().to_string()))
}

/// A runtime that is shut down within the first poll of its `block_on`, which then begins to sleep: tokio panics.
#[pyfunction]
fn sleep_on_a_runtime_that_has_ended(py: Python<'_>) -> PyResult<()> {
    let runtime = Runtime::builder().name("ended").build()?;
    let (begin, begun) = mpsc::channel();
    let (end, ended) = mpsc::channel();
    let other = (runtime.clone(), get_runtime().handle()?);
    std::thread::spawn(move || {
        let (runtime, handle) = other;
        let _ = begun.recv();
        let _ = end.send(handle.block_on(runtime.shutdown(None)).is_ok());
    });
    runtime.block_on(py, async move {
        begin.send(()).expect("the thread waits");
        assert!(ended.recv().expect("it answers"), "the shutdown is clean");
        tokio::time::sleep(Duration::from_millis(1)).await;
    })
}

/// The default runtime is to be made by a builder of tokio's.
#[pyfunction]
fn init_with_builder(current_thread: bool) {
    let mut builder = match current_thread {
        true => tokio::runtime::Builder::new_current_thread(),
        false => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.enable_all().thread_name("user-builder");
    sundown_python::init(builder);
}

static OF_THE_USER: OnceLock<tokio::runtime::Runtime> = OnceLock::new();

/// The default runtime is to be somebody else's. Whether it was in time.
#[pyfunction]
fn init_borrowed() -> bool {
    let runtime = OF_THE_USER.get_or_init(|| tokio::runtime::Runtime::new().expect("the OS gives threads"));
    sundown_python::init_with_runtime(runtime).is_ok()
}

/// How many tasks somebody else's runtime has.
#[pyfunction]
fn tasks_of_the_borrowed() -> usize {
    OF_THE_USER.get().map_or(0, |runtime| runtime.metrics().num_alive_tasks())
}

/// A task of somebody else's runtime that is not ours.
#[pyfunction]
fn spawn_beside_us() {
    if let Some(runtime) = OF_THE_USER.get() {
        runtime.spawn(std::future::pending::<()>());
    }
}

/// Shuts the default runtime down.
#[pyfunction]
fn shutdown_default(py: Python<'_>) -> PyResult<String> {
    Ok(get_runtime().shutdown_blocking(py, None)?.to_string())
}

/// As [`shutdown_default`], when a task of it blocks a thread for longer: the error by `?`.
#[pyfunction]
fn shutdown_late(py: Python<'_>, seconds: f64) -> PyResult<String> {
    let runtime = Runtime::builder().name("late").build()?;
    let (running, runs) = mpsc::channel();
    drop(runtime.spawn_blocking_named("sleeper", move || {
        let _ = running.send(());
        std::thread::sleep(Duration::from_secs_f64(seconds));
    })?);
    py.detach(move || runs.recv()).expect("the task runs");
    Ok(runtime.shutdown_blocking(py, Duration::from_secs_f64(seconds / 4.0))?.to_string())
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(block_on_busy, module)?)?;
    module.add_function(wrap_pyfunction!(block_on_local, module)?)?;
    module.add_function(wrap_pyfunction!(block_on_calling, module)?)?;
    module.add_function(wrap_pyfunction!(block_on_in_a_blocking_task, module)?)?;
    module.add_function(wrap_pyfunction!(block_on_in_place, module)?)?;
    module.add_function(wrap_pyfunction!(shutdown_in_its_own_block_on, module)?)?;
    module.add_function(wrap_pyfunction!(sleep_on_a_runtime_that_has_ended, module)?)?;
    module.add_function(wrap_pyfunction!(init_with_builder, module)?)?;
    module.add_function(wrap_pyfunction!(init_borrowed, module)?)?;
    module.add_function(wrap_pyfunction!(tasks_of_the_borrowed, module)?)?;
    module.add_function(wrap_pyfunction!(spawn_beside_us, module)?)?;
    module.add_function(wrap_pyfunction!(shutdown_default, module)?)?;
    module.add_function(wrap_pyfunction!(shutdown_late, module)?)
}
