//! Classes that are torn down.

use pyo3::prelude::*;
use sundown_python::{EventLoop, Runtime, ShutdownGuard, ShutdownGuardExt as _, Tasks, pyclass_teardown};

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<WithRuntime>()?;
    module.add_class::<WithGuard>()?;
    module.add_class::<WithLoop>()?;
    module.add_class::<WithBoth>()
}

/// One thread: a worker's.
#[pyclass_teardown(timeout = "5s")]
#[pyclass(frozen)]
struct WithRuntime {
    #[shutdown]
    runtime: Runtime,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl WithRuntime {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(WithRuntime { runtime: runtime()?, guard: ShutdownGuard::new() })
    }

    fn get<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.runtime.future_into_py(py, async { Ok(1) })
    }

    /// With the check that every method has.
    fn checked(&self) -> PyResult<()> {
        Ok(())
    }

    #[shutdown(unchecked)]
    fn unchecked(&self) -> PyResult<()> {
        Ok(())
    }
}

/// No thread: its futures run on the module's.
#[pyclass_teardown(timeout = "5s")]
#[pyclass(frozen)]
struct WithGuard {
    #[shutdown]
    tasks: Tasks,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl WithGuard {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(WithGuard { tasks: Tasks::new(), guard: ShutdownGuard::new() })
    }

    fn get<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard.future_into_py(py, async { Ok(1) })
    }
}

/// One thread: that of its event loop.
#[pyclass_teardown(timeout = "5s")]
#[pyclass(frozen)]
struct WithLoop {
    #[shutdown]
    event_loop: EventLoop,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl WithLoop {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        Ok(WithLoop { event_loop: EventLoop::new(py)?, guard: ShutdownGuard::new() })
    }
}

/// Two threads.
#[pyclass_teardown(timeout = "5s")]
#[pyclass(frozen)]
struct WithBoth {
    #[shutdown]
    event_loop: EventLoop,
    #[shutdown(after = event_loop)]
    runtime: Runtime,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl WithBoth {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        Ok(WithBoth { event_loop: EventLoop::new(py)?, runtime: runtime()?, guard: ShutdownGuard::new() })
    }
}

fn runtime() -> PyResult<Runtime> {
    Ok(Runtime::builder().name("bench").worker_threads(1).build()?)
}
