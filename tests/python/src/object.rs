//! Classes with `#[pyclass_teardown]`.

use pyo3::prelude::*;
use sundown::ShutdownGuard;
use sundown::python::{Runtime, pyclass_teardown};

use crate::probe::Probe;

/// The simplest class: a runtime, and nothing else.
#[pyclass_teardown(timeout = "2s")]
#[pyclass(module = "sundown_pytest")]
struct Client {
    #[shutdown]
    runtime: Runtime,
    name: String,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown(report)]
#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (name="client"))]
    fn new(name: &str) -> PyResult<Self> {
        let runtime = Runtime::builder().name(name).thread_name(name).worker_threads(1).build()?;
        Ok(Client { runtime, name: name.to_owned(), guard: ShutdownGuard::new() })
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

    /// A thread of the blocking pool that sleeps.
    fn spawn_blocking(&self, seconds: f64, probe: Probe) -> PyResult<()> {
        let watched = probe.watch();
        drop(self.runtime.spawn_blocking_named("sleeper", move || {
            watched.started();
            std::thread::sleep(std::time::Duration::from_secs_f64(seconds));
        })?);
        Ok(())
    }

    fn __repr__(&self) -> PyResult<String> {
        Ok(format!("<Client {}>", self.name))
    }
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Client>()
}
