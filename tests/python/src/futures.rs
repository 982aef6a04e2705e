//! Rust futures that Python awaits, and the reverse.

use std::future::pending;
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use sundown_python::{
    Callback, TaskLocals, coroutine_into_py, future_into_py, future_into_py_eager, future_into_py_with_locals,
    get_current_locals, get_current_loop, get_running_loop, get_runtime, into_future, into_future_shielded,
    into_future_with_locals, scope,
};
use tokio::sync::oneshot;

use crate::probe::Probe;

/// Ready at its first poll.
#[pyfunction]
fn ready(py: Python<'_>, value: Py<PyAny>) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async move { Ok(value) })
}

/// A plain Rust value, converted by the bridge.
#[pyfunction]
fn numbers(py: Python<'_>, count: u32) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async move { Ok((0..count).collect::<Vec<u32>>()) })
}

#[pyfunction]
#[pyo3(signature = (seconds, value=None, probe=None))]
fn sleep<'py>(
    py: Python<'py>,
    seconds: f64,
    value: Option<Py<PyAny>>,
    probe: Option<Probe>,
) -> PyResult<Bound<'py, PyAny>> {
    future_into_py(py, sleeping(seconds, value, probe.unwrap_or_default()))
}

async fn sleeping(seconds: f64, value: Option<Py<PyAny>>, probe: Probe) -> PyResult<Option<Py<PyAny>>> {
    let mut watched = probe.watch();
    watched.started();
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    watched.completed();
    Ok(value)
}

/// The same as a coroutine.
#[pyfunction]
#[pyo3(signature = (seconds, value=None, probe=None))]
fn coroutine<'py>(
    py: Python<'py>,
    seconds: f64,
    value: Option<Py<PyAny>>,
    probe: Option<Probe>,
) -> PyResult<Bound<'py, PyAny>> {
    let probe = probe.unwrap_or_default();
    let mut watched = probe.watch();
    coroutine_into_py(py, async move {
        watched.started();
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        watched.completed();
        Ok(value)
    })
}

#[pyfunction]
fn failing_coroutine<'py>(py: Python<'py>, error: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let error = PyErr::from_value(error);
    coroutine_into_py(py, async move { Err::<(), _>(error) })
}

/// Calls it on the coroutine's loop, in the coroutine's context.
#[pyfunction]
fn calling_coroutine(callable: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyAny>> {
    let py = callable.py();
    let callable = callable.unbind();
    coroutine_into_py(py, async move { Python::attach(|py| Callback::new(callable.bind(py)))?.call(()).await })
}

/// Never ready.
#[pyfunction]
fn never<'py>(py: Python<'py>, probe: Probe) -> PyResult<Bound<'py, PyAny>> {
    let watched = probe.watch();
    future_into_py(py, async move {
        watched.started();
        pending::<PyResult<()>>().await
    })
}

/// Raises this exception.
#[pyfunction]
fn fail<'py>(py: Python<'py>, error: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let error = PyErr::from_value(error);
    future_into_py(py, async move { Err::<(), _>(error) })
}

/// Raises a `RuntimeError` that Rust made lazily, caused by another.
#[pyfunction]
fn fail_with_cause(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let error = PyRuntimeError::new_err("outer");
    error.set_cause(py, Some(PyValueError::new_err("inner")));
    future_into_py(py, async move { Err::<(), _>(error) })
}

/// The line of the panic in `panic`.
const PANIC_LINE: u32 = line!() + 7;

/// Panics when it is polled.
#[pyfunction]
fn panic(py: Python<'_>, message: String) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async move {
        if !message.is_empty() {
            panic!("{message}");
        }
        std::panic::panic_any(7_u8);
        #[expect(unreachable_code, reason = "it says what the future's type is")]
        Ok(())
    })
}

/// A result that panics while it becomes a Python object.
struct Unconvertible;

impl<'py> IntoPyObject<'py> for Unconvertible {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, _py: Python<'py>) -> Result<Self::Output, Self::Error> {
        panic!("no Python object for this")
    }
}

/// Ready with a result whose conversion panics.
#[pyfunction]
fn panic_in_conversion(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async { Ok(Unconvertible) })
}

/// A result whose conversion fails.
struct Refused;

impl<'py> IntoPyObject<'py> for Refused {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, _py: Python<'py>) -> Result<Self::Output, Self::Error> {
        Err(PyValueError::new_err("cannot be converted"))
    }
}

/// Ready with a result whose conversion fails.
#[pyfunction]
fn error_in_conversion(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async { Ok(Refused) })
}

/// Polled at once, on this thread; finished already if it needs no wait.
#[pyfunction]
fn eager_ready(py: Python<'_>, value: Py<PyAny>) -> PyResult<Bound<'_, PyAny>> {
    future_into_py_eager(py, async move { Ok(value) })
}

#[pyfunction]
#[pyo3(signature = (seconds, value=None, probe=None))]
fn eager_sleep<'py>(
    py: Python<'py>,
    seconds: f64,
    value: Option<Py<PyAny>>,
    probe: Option<Probe>,
) -> PyResult<Bound<'py, PyAny>> {
    future_into_py_eager(py, sleeping(seconds, value, probe.unwrap_or_default()))
}

#[pyfunction]
fn eager_fail<'py>(py: Python<'py>, error: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let error = PyErr::from_value(error);
    future_into_py_eager(py, async move { Err::<(), _>(error) })
}

#[pyfunction]
fn eager_panic(py: Python<'_>, message: String) -> PyResult<Bound<'_, PyAny>> {
    future_into_py_eager(py, async move {
        if !message.is_empty() {
            panic!("{message}");
        }
        Ok(())
    })
}

/// Calls the callable in the first poll, as a user's future may, and returns what it returns.
#[pyfunction]
fn eager_call(py: Python<'_>, callable: Py<PyAny>) -> PyResult<Bound<'_, PyAny>> {
    future_into_py_eager(py, async move { Python::attach(|py| callable.call0(py)) })
}

/// Awaits a Python awaitable from Rust, and returns its result. The probe sees the Rust future that awaits.
#[pyfunction]
#[pyo3(signature = (awaitable, probe=None))]
fn relay<'py>(awaitable: Bound<'py, PyAny>, probe: Option<Probe>) -> PyResult<Bound<'py, PyAny>> {
    let py = awaitable.py();
    let future = into_future(awaitable)?;
    let mut watched = probe.unwrap_or_default().watch();
    future_into_py(py, async move {
        watched.started();
        let result = future.await;
        watched.completed();
        result
    })
}

/// As `relay`; the awaitable runs on when Rust stops waiting.
#[pyfunction]
#[pyo3(signature = (awaitable, probe=None))]
fn relay_shielded<'py>(awaitable: Bound<'py, PyAny>, probe: Option<Probe>) -> PyResult<Bound<'py, PyAny>> {
    let py = awaitable.py();
    let future = into_future_shielded(awaitable)?;
    let watched = probe.unwrap_or_default().watch();
    future_into_py(py, async move {
        let result = future.await;
        drop(watched);
        result
    })
}

/// Awaits all of them at once.
#[pyfunction]
fn relay_all(awaitables: Vec<Bound<'_, PyAny>>, py: Python<'_>) -> PyResult<Py<PyAny>> {
    let futures = awaitables.into_iter().map(into_future).collect::<PyResult<Vec<_>>>()?;
    future_into_py(py, futures_util::future::try_join_all(futures)).map(Bound::unbind)
}

/// Awaits it in a task of Rust's own, which goes on when the Python future is cancelled.
#[pyfunction]
fn relay_spawned(awaitable: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyAny>> {
    let py = awaitable.py();
    let future = into_future(awaitable)?;
    let task = get_runtime().spawn(future)?;
    future_into_py(py, async move { task.await.map_err(|error| PyRuntimeError::new_err(error.to_string()))? })
}

/// The same with locals that the caller made, from whichever thread.
#[pyfunction]
fn relay_with_locals<'py>(awaitable: Bound<'py, PyAny>, locals: &Locals) -> PyResult<Bound<'py, PyAny>> {
    let py = awaitable.py();
    let future = into_future_with_locals(&locals.0, awaitable)?;
    future_into_py_with_locals(py, locals.0.clone(), future)
}

/// Calls the function inside the Rust future, attached to a worker, and awaits what it returns: common in users' code.
#[pyfunction]
fn call_and_await(py: Python<'_>, function: Py<PyAny>) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async move {
        let future = Python::attach(|py| into_future(function.bind(py).call0()?))?;
        future.await
    })
}

/// Awaits both, and drops the Rust future of the one that is not ready first: "finished", or "dropped" if it was `stop`.
#[pyfunction]
fn relay_until<'py>(awaitable: Bound<'py, PyAny>, stop: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = awaitable.py();
    let future = into_future(awaitable)?;
    let stop = into_future(stop)?;
    future_into_py(py, async move {
        tokio::select! {
            result = future => result.map(|_| "finished"),
            stopped = stop => stopped.map(|_| "dropped"),
        }
    })
}

/// Makes a Rust future of the awaitable and drops it without a poll.
#[pyfunction]
fn drop_unpolled(awaitable: Bound<'_, PyAny>) -> PyResult<()> {
    into_future(awaitable).map(drop)
}

/// Makes a Rust future of the awaitable and keeps it without a poll, in a future that is never ready.
#[pyfunction]
fn hold_unpolled<'py>(awaitable: Bound<'py, PyAny>, probe: Probe) -> PyResult<Bound<'py, PyAny>> {
    let py = awaitable.py();
    let future = into_future(awaitable)?;
    let watched = probe.watch();
    future_into_py(py, async move {
        let _future = future;
        watched.started();
        pending::<PyResult<()>>().await
    })
}

/// What `get_current_loop` and `get_running_loop` say here, and what `get_current_locals` says inside a Rust future.
#[pyfunction]
fn current_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    get_current_loop(py)
}

#[pyfunction]
fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    get_running_loop(py)
}

#[pyfunction]
fn loop_inside(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async { Python::attach(|py| get_current_loop(py).map(Bound::unbind)) })
}

/// The value of a context variable in the context that the task locals inside the Rust future hold.
#[pyfunction]
fn context_inside(py: Python<'_>, variable: Py<PyAny>) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async move {
        Python::attach(|py| {
            let context = get_current_locals(py)?.context(py);
            context.call_method1("get", (variable.bind(py),)).map(Bound::unbind)
        })
    })
}

/// The loop that `get_current_loop` finds in a `scope` with these locals, on a task of the user's own.
#[pyfunction]
fn loop_in_scope<'py>(py: Python<'py>, locals: &Locals) -> PyResult<Bound<'py, PyAny>> {
    let inner = locals.0.clone();
    future_into_py(py, async move {
        let (send, receive) = oneshot::channel();
        tokio::spawn(async move {
            let found = scope(inner, async { Python::attach(|py| get_current_loop(py).map(Bound::unbind)) }).await;
            let _ = send.send(found);
        });
        receive.await.map_err(|_| PyRuntimeError::new_err("the task is gone"))?
    })
}

#[pyfunction]
fn sleep_with_locals<'py>(py: Python<'py>, locals: &Locals, seconds: f64) -> PyResult<Bound<'py, PyAny>> {
    future_into_py_with_locals(py, locals.0.clone(), sleeping(seconds, None, Probe::default()))
}

/// `TaskLocals` in a class.
#[pyclass(frozen)]
struct Locals(TaskLocals);

#[pymethods]
impl Locals {
    /// Of a loop, with an empty context.
    #[new]
    fn new(event_loop: Bound<'_, PyAny>) -> Self {
        Locals(TaskLocals::new(event_loop))
    }

    /// Of the running loop, with an empty context.
    #[staticmethod]
    fn running(py: Python<'_>) -> PyResult<Self> {
        TaskLocals::with_running_loop(py).map(Locals)
    }

    /// With the context of the caller.
    fn copy_context(&self, py: Python<'_>) -> PyResult<Self> {
        self.0.clone().copy_context(py).map(Locals)
    }

    fn event_loop<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.0.event_loop(py)
    }
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("PANIC_LINE", PANIC_LINE)?;
    module.add_class::<Locals>()?;
    module.add_function(wrap_pyfunction!(ready, module)?)?;
    module.add_function(wrap_pyfunction!(numbers, module)?)?;
    module.add_function(wrap_pyfunction!(sleep, module)?)?;
    module.add_function(wrap_pyfunction!(coroutine, module)?)?;
    module.add_function(wrap_pyfunction!(failing_coroutine, module)?)?;
    module.add_function(wrap_pyfunction!(calling_coroutine, module)?)?;
    module.add_function(wrap_pyfunction!(never, module)?)?;
    module.add_function(wrap_pyfunction!(fail, module)?)?;
    module.add_function(wrap_pyfunction!(fail_with_cause, module)?)?;
    module.add_function(wrap_pyfunction!(panic, module)?)?;
    module.add_function(wrap_pyfunction!(panic_in_conversion, module)?)?;
    module.add_function(wrap_pyfunction!(error_in_conversion, module)?)?;
    module.add_function(wrap_pyfunction!(eager_ready, module)?)?;
    module.add_function(wrap_pyfunction!(eager_sleep, module)?)?;
    module.add_function(wrap_pyfunction!(eager_fail, module)?)?;
    module.add_function(wrap_pyfunction!(eager_panic, module)?)?;
    module.add_function(wrap_pyfunction!(eager_call, module)?)?;
    module.add_function(wrap_pyfunction!(relay, module)?)?;
    module.add_function(wrap_pyfunction!(relay_shielded, module)?)?;
    module.add_function(wrap_pyfunction!(relay_all, module)?)?;
    module.add_function(wrap_pyfunction!(relay_spawned, module)?)?;
    module.add_function(wrap_pyfunction!(relay_with_locals, module)?)?;
    module.add_function(wrap_pyfunction!(call_and_await, module)?)?;
    module.add_function(wrap_pyfunction!(relay_until, module)?)?;
    module.add_function(wrap_pyfunction!(drop_unpolled, module)?)?;
    module.add_function(wrap_pyfunction!(hold_unpolled, module)?)?;
    module.add_function(wrap_pyfunction!(current_loop, module)?)?;
    module.add_function(wrap_pyfunction!(running_loop, module)?)?;
    module.add_function(wrap_pyfunction!(loop_inside, module)?)?;
    module.add_function(wrap_pyfunction!(context_inside, module)?)?;
    module.add_function(wrap_pyfunction!(loop_in_scope, module)?)?;
    module.add_function(wrap_pyfunction!(sleep_with_locals, module)?)
}
