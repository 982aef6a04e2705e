//! A class whose event loop is started at first use.

use std::sync::Arc;

use pyo3::prelude::*;
use sundown_python::{EventLoop, LazyEventLoop, ShutdownGuard, ShutdownGuardExt as _, get_runtime, pyclass_teardown};

#[pyclass_teardown(timeout = "3s")]
#[pyclass(module = "sundown_pytest")]
struct LazyTool {
    #[shutdown]
    callbacks: LazyEventLoop,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown(report)]
#[pymethods]
impl LazyTool {
    #[new]
    #[pyo3(signature = (factory=None))]
    fn new(factory: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let mut builder = EventLoop::builder().name("lazy");
        if let Some(factory) = factory {
            builder = builder.loop_factory(factory);
        }
        Ok(LazyTool { callbacks: builder.lazy(), guard: ShutdownGuard::new() })
    }

    fn started(&self) -> PyResult<bool> {
        Ok(self.callbacks.get().is_some())
    }

    /// Whether two uses are one loop, which it starts.
    fn start(&self, py: Python<'_>) -> PyResult<bool> {
        let (first, second) = (self.callbacks.get_or_start(py)?, self.callbacks.get_or_start(py)?);
        Ok(first.locals(py)?.event_loop(py).is(second.locals(py)?.event_loop(py)))
    }

    /// On a closed object too.
    #[shutdown(unchecked)]
    fn start_anyway(&self, py: Python<'_>) -> PyResult<()> {
        self.callbacks.get_or_start(py).map(drop)
    }

    fn call(&self, py: Python<'_>, function: Py<PyAny>) -> PyResult<Py<PyAny>> {
        let event_loop = self.callbacks.get_or_start(py)?;
        get_runtime().block_on(py, async move { event_loop.run(function, ()).await })?
    }

    fn call_async<'py>(&self, py: Python<'py>, function: Py<PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (event_loop, function) = (self.callbacks.get_or_start(py)?, Arc::new(function));
        self.guard.future_into_py(py, async move { event_loop.run(function, ()).await })
    }
}

pub(super) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<LazyTool>()
}
