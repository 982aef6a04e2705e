//! A private event loop, and the places where its last handle may be dropped.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use sundown_python::{EventLoop, TaskLocals, future_into_py, get_runtime, into_future_with_locals, scope};

use crate::hostile::Unextractable;

/// An `EventLoop` in a class. What takes it away leaves nothing behind.
#[pyclass(frozen, name = "EventLoop")]
struct Own(Mutex<Option<EventLoop>>);

impl Own {
    fn get(&self) -> PyResult<EventLoop> {
        self.0.lock().unwrap().clone().ok_or_else(|| PyValueError::new_err("it was taken away"))
    }

    fn take(&self) -> PyResult<EventLoop> {
        self.0.lock().unwrap().take().ok_or_else(|| PyValueError::new_err("it was taken away"))
    }
}

/// The report, whether it is clean or not.
fn told(result: Result<sundown_python::Report, sundown_python::ShutdownError>) -> (bool, String) {
    match result {
        Ok(report) => (true, report.to_string()),
        Err(error) => (false, error.report().to_string()),
    }
}

#[pymethods]
impl Own {
    #[new]
    #[pyo3(signature = (name="own loop", seconds=5.0, factory=None))]
    fn new(py: Python<'_>, name: &str, seconds: f64, factory: Option<Bound<'_, PyAny>>) -> PyResult<Self> {
        let mut builder = EventLoop::builder().name(name).timeout(Duration::from_secs_f64(seconds));
        if let Some(factory) = factory {
            builder = builder.loop_factory(&factory);
        }
        Ok(Own(Mutex::new(Some(builder.start(py)?))))
    }

    /// Calls on the loop, and waits.
    #[pyo3(signature = (function, *arguments))]
    fn run(&self, py: Python<'_>, function: Py<PyAny>, arguments: Py<PyTuple>) -> PyResult<Py<PyAny>> {
        let event_loop = self.get()?;
        get_runtime().block_on(py, async move { event_loop.run(function, arguments).await })?
    }

    /// The same as an awaitable of the caller's loop.
    #[pyo3(signature = (function, *arguments))]
    fn run_async<'py>(
        &self,
        py: Python<'py>,
        function: Py<PyAny>,
        arguments: Py<PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let event_loop = self.get()?;
        future_into_py(py, async move { event_loop.run(function, arguments).await })
    }

    /// In the context given.
    fn run_in_context(
        &self,
        py: Python<'_>,
        function: Py<PyAny>,
        context: Bound<'_, PyAny>,
        event_loop: Bound<'_, PyAny>,
    ) -> PyResult<Py<PyAny>> {
        let locals = TaskLocals::new(event_loop).with_context(context);
        let own = self.get()?;
        get_runtime().block_on(py, async move { scope(locals, async move { own.run(function, ()).await }).await })?
    }

    /// An integer, extracted on the loop's thread.
    fn run_into(&self, py: Python<'_>, function: Py<PyAny>) -> PyResult<i64> {
        let event_loop = self.get()?;
        get_runtime().block_on(py, async move { event_loop.run_into::<i64, _>(function, ()).await })?
    }

    /// Panics in the extraction of what is returned.
    fn run_unextractable(&self, py: Python<'_>, function: Py<PyAny>) -> PyResult<()> {
        let event_loop = self.get()?;
        get_runtime()
            .block_on(py, async move { event_loop.run_into::<Unextractable, _>(function, ()).await.map(drop) })?
    }

    /// Begins a call that nobody waits for. It holds a handle of the loop until it has ended.
    #[pyo3(signature = (function, *arguments))]
    fn begin(&self, function: Py<PyAny>, arguments: Py<PyTuple>) -> PyResult<()> {
        let event_loop = self.get()?;
        let call = async move {
            let call = event_loop.run(function, arguments);
            let _ = call.await;
        };
        get_runtime().spawn(call).map(drop)
    }

    /// Begins a call, and drops it after this many seconds: whether it was dropped.
    fn run_for(&self, py: Python<'_>, seconds: f64, function: Py<PyAny>) -> PyResult<bool> {
        let event_loop = self.get()?;
        get_runtime().block_on(py, async move {
            let call = event_loop.run(function, ());
            tokio::time::timeout(Duration::from_secs_f64(seconds), call).await.is_err()
        })
    }

    /// `count` calls of one function at a time, each with its number: the sum of the results.
    fn run_many(&self, py: Python<'_>, function: Py<PyAny>, count: i64) -> PyResult<i64> {
        let (event_loop, function) = (self.get()?, Arc::new(function));
        get_runtime().block_on(py, async move {
            let calls = (0..count).map(|number| event_loop.run_into::<i64, _>(Arc::clone(&function), (number,)));
            futures_util::future::join_all(calls).await.into_iter().sum()
        })?
    }

    /// Awaits it on the loop: `into_future_with_locals`.
    fn await_on_loop(&self, py: Python<'_>, awaitable: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let future = into_future_with_locals(&self.get()?.locals(py)?, awaitable)?;
        get_runtime().block_on(py, future)?
    }

    fn is_current(&self) -> PyResult<bool> {
        Ok(self.get()?.is_current())
    }

    /// Whether all stopped by itself, and the report.
    #[pyo3(signature = (seconds=None))]
    fn close(&self, py: Python<'_>, seconds: Option<f64>) -> PyResult<(bool, String)> {
        Ok(told(self.get()?.shutdown_blocking(py, seconds.map(Duration::from_secs_f64))))
    }

    #[pyo3(signature = (seconds=None))]
    fn aclose<'py>(&self, py: Python<'py>, seconds: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        let event_loop = self.get()?;
        future_into_py(py, async move { Ok(told(event_loop.shutdown(seconds.map(Duration::from_secs_f64)).await)) })
    }

    /// As a user's extension would raise it.
    fn close_or_raise(&self, py: Python<'_>, seconds: f64) -> PyResult<()> {
        self.get()?.shutdown_blocking(py, Duration::from_secs_f64(seconds)).map(drop).map_err(PyErr::from)
    }

    fn drop_attached(&self) -> PyResult<()> {
        self.take().map(drop)
    }

    fn drop_detached(&self, py: Python<'_>) -> PyResult<()> {
        let event_loop = self.take()?;
        py.detach(|| drop(event_loop));
        Ok(())
    }

    fn drop_on_a_worker(&self) -> PyResult<()> {
        let event_loop = self.take()?;
        get_runtime().spawn(async move { drop(event_loop) }).map(drop)
    }
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Own>()
}
