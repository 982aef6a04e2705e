//! Classes with `#[pyclass_teardown]`, and the places where their last reference goes.

mod classes;
mod factory;
mod futures;
mod hostile;
mod inherit;
mod lazy;
mod place;
mod policy;

use std::time::Duration;

use pyo3::prelude::*;
use sundown_python::{Runtime, ShutdownGuard, pyclass_teardown};

use crate::probe::Probe;

/// The simplest class: a runtime, and nothing else.
#[pyclass_teardown(timeout = "2s")]
#[pyclass(module = "sundown_pytest", weakref)]
struct Client {
    #[shutdown]
    runtime: Runtime,
    name: String,
    #[pyo3(get, set)]
    anything: Option<Py<PyAny>>,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown(report)]
#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (name="client"))]
    fn new(name: &str) -> PyResult<Self> {
        let runtime = Runtime::builder().name(name).thread_name(name).worker_threads(1).build()?;
        Ok(Client { runtime, name: name.to_owned(), anything: None, guard: ShutdownGuard::new() })
    }

    fn get(&self) -> PyResult<String> {
        Ok(self.name.clone())
    }

    /// A task that never ends.
    fn spawn_never(&self, probe: Probe) -> PyResult<()> {
        let watched = probe.watch();
        drop(self.runtime.spawn_named("never", async move {
            watched.started();
            std::future::pending::<()>().await;
        })?);
        Ok(())
    }

    /// A thread of the blocking pool that is blocked for `seconds`, or until the probe is released.
    fn spawn_blocking(&self, seconds: f64, probe: Probe) -> PyResult<()> {
        let watched = probe.watch();
        drop(self.runtime.spawn_blocking_named("sleeper", move || {
            watched.started();
            probe.hold(seconds);
        })?);
        Ok(())
    }

    /// Waits for `seconds` on this thread, detached, while the value is borrowed mutably.
    fn work(&mut self, py: Python<'_>, seconds: f64, probe: Probe) -> PyResult<String> {
        let watched = probe.watch();
        let runtime = self.runtime.clone();
        runtime.block_on(py, async move {
            watched.started();
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        })?;
        Ok(self.name.clone())
    }

    /// The same, in a method that returns no `Result`.
    fn work_quietly(&mut self, py: Python<'_>, seconds: f64, probe: Probe) -> bool {
        self.work(py, seconds, probe).is_ok()
    }

    #[getter]
    fn name(&self) -> PyResult<String> {
        self.get()
    }

    #[shutdown(unchecked)]
    fn get_anyway(&self) -> PyResult<String> {
        Ok(self.name.clone())
    }

    fn by_pyref(slf: PyRef<'_, Self>) -> PyResult<String> {
        Ok(slf.name.clone())
    }

    fn by_pyref_mut(mut slf: PyRefMut<'_, Self>) -> PyResult<usize> {
        slf.name.push('!');
        Ok(slf.name.len())
    }

    fn by_bound(slf: &Bound<'_, Self>) -> PyResult<String> {
        Ok(slf.try_borrow()?.name.clone())
    }

    fn by_py(slf: Py<Self>, py: Python<'_>) -> PyResult<String> {
        Ok(slf.try_borrow(py)?.name.clone())
    }

    fn own_error(&self) -> Result<String, OwnError> {
        Ok(self.name.clone())
    }

    #[staticmethod]
    fn answer() -> PyResult<u32> {
        Ok(42)
    }

    fn __repr__(&self) -> PyResult<String> {
        Ok(format!("<Client {}>", self.name))
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(self.name.len())
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        visit.call(&self.anything)
    }

    fn __clear__(&mut self) {
        self.anything = None;
    }
}

/// An error that can carry one of Python's.
struct OwnError(PyErr);

impl From<PyErr> for OwnError {
    fn from(error: PyErr) -> Self {
        OwnError(error)
    }
}

impl From<OwnError> for PyErr {
    fn from(error: OwnError) -> Self {
        error.0
    }
}

/// Nanoseconds per call of a method of `Client`, with the check and without: called from Rust, so that little else counts.
#[pyfunction]
fn check_costs(client: PyRef<'_, Client>, calls: u32) -> (f64, f64) {
    let measure = |call: fn(&Client) -> bool| {
        let before = std::time::Instant::now();
        for _ in 0..calls {
            assert!(call(std::hint::black_box(&client)));
        }
        before.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
    };
    (measure(|client| client.get().is_ok()), measure(|client| client.get_anyway().is_ok()))
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Client>()?;
    module.add_function(wrap_pyfunction!(check_costs, module)?)?;
    classes::fill(module)?;
    factory::fill(module)?;
    futures::fill(module)?;
    lazy::fill(module)?;
    hostile::fill(module)?;
    inherit::fill(module)?;
    place::fill(module)?;
    policy::fill(module)
}
