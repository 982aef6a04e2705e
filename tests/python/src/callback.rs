//! Python callables that Rust calls.

use std::pin::pin;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::task::{Context, Waker};
use std::thread;

use futures_util::stream::{self, StreamExt as _};
use pyo3::prelude::*;
use sundown_python::{Callback, future_into_py, get_runtime};
use tokio::runtime::Builder;

/// Calls the callable once from a Rust task and returns what it returns.
#[pyfunction]
fn call<'py>(callable: &Bound<'py, PyAny>, argument: Py<PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let callback = Callback::new(callable)?;
    future_into_py(callable.py(), async move { callback.call((argument,)).await })
}

/// The same on a Python-created thread of the callback's own, whatever loop runs.
#[pyfunction]
fn call_on_thread<'py>(callable: &Bound<'py, PyAny>, argument: Py<PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let callback = Callback::on_thread(callable)?;
    future_into_py(callable.py(), async move { callback.call((argument,)).await })
}

/// Calls with the numbers below `count`, at most `at_once` at a time; the sum of the results.
#[pyfunction]
#[pyo3(signature = (callable, count, at_once, thread=false))]
fn call_many<'py>(
    callable: &Bound<'py, PyAny>,
    count: u64,
    at_once: usize,
    thread: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let callback = if thread { Callback::on_thread(callable)? } else { Callback::new(callable)? };
    future_into_py(callable.py(), async move {
        let calls = stream::iter(0..count).map(|number| callback.call_into::<u64, _>((number,)));
        let results: Vec<PyResult<u64>> = calls.buffer_unordered(at_once).collect().await;
        results.into_iter().sum::<PyResult<u64>>()
    })
}

/// Begins a call and drops it when `stop`, an awaitable, is ready: "finished" or "dropped".
#[pyfunction]
fn call_until<'py>(callable: &Bound<'py, PyAny>, stop: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let callback = Callback::new(callable)?;
    let stop = sundown_python::into_future(stop)?;
    future_into_py(callable.py(), async move {
        tokio::select! {
            result = callback.call(()) => result.map(|_| "finished"),
            stopped = stop => stopped.map(|_| "dropped"),
        }
    })
}

/// Has a callback, and nothing else.
#[pyclass]
struct CallbackHolder {
    callback: Option<Callback>,
}

#[pymethods]
impl CallbackHolder {
    #[new]
    #[pyo3(signature = (callable, thread=false))]
    fn new(callable: &Bound<'_, PyAny>, thread: bool) -> PyResult<Self> {
        let callback = if thread { Callback::on_thread(callable)? } else { Callback::new(callable)? };
        Ok(CallbackHolder { callback: Some(callback) })
    }

    fn is_closed(&self) -> bool {
        self.callback.as_ref().is_none_or(Callback::is_closed)
    }

    /// Reports an error, from a thread that is not attached.
    fn report(&self, py: Python<'_>, error: Bound<'_, PyAny>) -> bool {
        let (callback, error) = (self.callback.clone(), PyErr::from_value(error));
        let report = move || callback.is_some_and(|callback| callback.report(error));
        py.detach(|| thread::spawn(report).join().unwrap_or(false))
    }

    /// A clone that lives until the future is cancelled or ready.
    fn keep_clone<'py>(&self, py: Python<'py>, until: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (kept, until) = (self.callback.clone(), sundown_python::into_future(until)?);
        future_into_py(py, async move {
            until.await?;
            Ok(kept.is_some())
        })
    }

    /// Calls it; the call begins on a thread that is not attached, while the garbage collector is between its two looks at
    /// this object.
    fn call_in_a_collection(&self, py: Python<'_>, argument: Py<PyAny>) -> PyResult<Py<PyAny>> {
        let Some(callback) = &self.callback else { return Ok(py.None()) };
        let collect = || py.import("gc")?.call_method0("collect");
        collect()?; // What is older is looked at first.
        let (sender, looked_at) = sync_channel(1);
        let (begun, receiver) = sync_channel(1);
        let _between = Bound::new(py, Between { looked_at: sender, begun: Mutex::new(Some(receiver)) })?;
        let call = callback.call((argument,));
        thread::scope(|scope| {
            let thread = scope.spawn(move || {
                let mut call = pin!(call);
                looked_at.recv().unwrap();
                let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                begun.send(()).unwrap();
                assert!(polled.is_pending());
                Builder::new_current_thread().build().unwrap().block_on(call)
            });
            collect()?;
            py.detach(|| thread.join().unwrap())
        })
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        self.callback.as_ref().map_or(Ok(()), |callback| callback.visit(&visit))
    }

    fn __clear__(&mut self) {
        self.callback = None;
    }
}

/// Lets something happen when the garbage collector first looks at it.
#[pyclass(frozen)]
struct Between {
    looked_at: SyncSender<()>,
    begun: Mutex<Option<Receiver<()>>>,
}

#[pymethods]
impl Between {
    #[allow(clippy::unnecessary_wraps, reason = "what PyO3 takes")]
    fn __traverse__(&self, _visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        if let Some(begun) = self.begun.lock().unwrap().take() {
            self.looked_at.send(()).unwrap();
            begun.recv().unwrap();
        }
        Ok(())
    }
}

/// A callback that was made where no loop runs.
#[pyclass(frozen)]
struct Called(Callback);

#[pymethods]
impl Called {
    #[new]
    fn new(callable: &Bound<'_, PyAny>) -> PyResult<Self> {
        Callback::new(callable).map(Called)
    }

    /// Called on a thread of its own.
    #[staticmethod]
    fn on_thread(callable: &Bound<'_, PyAny>) -> PyResult<Self> {
        Callback::on_thread(callable).map(Called)
    }

    fn call(&self, py: Python<'_>, argument: Py<PyAny>) -> PyResult<Py<PyAny>> {
        get_runtime().block_on(py, self.0.call((argument,)))?
    }
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<CallbackHolder>()?;
    module.add_function(wrap_pyfunction!(call, module)?)?;
    module.add_function(wrap_pyfunction!(call_on_thread, module)?)?;
    module.add_function(wrap_pyfunction!(call_many, module)?)?;
    module.add_class::<Called>()?;
    module.add_function(wrap_pyfunction!(call_until, module)?)
}
