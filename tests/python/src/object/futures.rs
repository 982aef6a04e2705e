//! A class whose guard is its bridge.

use std::sync::{Arc, Mutex};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use sundown_python::{ShutdownGuard, ShutdownGuardExt as _, get_runtime, pyclass_teardown};

use crate::probe::Probe;

/// What the futures use: it notes how many of them were left when it was closed.
#[derive(Clone)]
struct Connection {
    probe: Probe,
    left: Arc<Mutex<Option<(u64, u64)>>>,
}

impl Connection {
    async fn close(&self) {
        *self.left.lock().unwrap() = Some(self.probe.counts());
    }
}

#[pyclass_teardown(timeout = "2s")]
#[pyclass(module = "sundown_pytest", weakref)]
struct Session {
    #[shutdown(with = Connection::close)]
    connection: Connection,
    probe: Probe,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown(report)]
#[pymethods]
impl Session {
    #[new]
    fn new(probe: Probe) -> PyResult<Self> {
        let connection = Connection { probe: probe.clone(), left: Arc::default() };
        Ok(Session { connection, probe, guard: ShutdownGuard::new() })
    }

    fn echo<'py>(&self, py: Python<'py>, number: u64) -> PyResult<Bound<'py, PyAny>> {
        self.guard.future_into_py(py, async move {
            tokio::task::yield_now().await;
            if number == 13 { Err(PyValueError::new_err("unlucky")) } else { Ok(number) }
        })
    }

    /// Ends with the object, at the latest.
    fn watch<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let watched = self.probe.watch();
        self.guard.future_into_py(py, async move {
            watched.started();
            std::future::pending::<()>().await;
            Ok(())
        })
    }

    /// Ends when the probe is released.
    fn put<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (mut watched, probe) = (self.probe.watch(), self.probe.clone());
        self.guard.future_into_py_drained(py, async move {
            watched.started();
            probe.released().await;
            watched.completed();
            Ok("put")
        })
    }

    /// Ends when the object is asked to stop, and says so.
    fn follow<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (mut watched, stop) = (self.probe.watch(), self.guard.stop_token());
        self.guard.future_into_py_drained(py, async move {
            watched.started();
            stop.cancelled().await;
            watched.completed();
            Ok("stopped")
        })
    }

    /// As `watch`, on a closed object too: what a method that is not checked gets.
    #[shutdown(unchecked)]
    fn watch_anyway<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.watch(py)
    }

    /// Futures that had begun, and that were gone, when the connection was closed.
    #[shutdown(unchecked)]
    fn left(&self) -> PyResult<Option<(u64, u64)>> {
        Ok(*self.connection.left.lock().unwrap())
    }
}

/// How many tasks the module's runtime has.
#[pyfunction]
fn module_tasks() -> PyResult<usize> {
    Ok(get_runtime().handle()?.metrics().num_alive_tasks())
}

pub(super) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Session>()?;
    module.add_function(wrap_pyfunction!(module_tasks, module)?)
}
