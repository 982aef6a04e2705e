//! An owned runtime, and the places where its last handle may be dropped.

use std::sync::Mutex;
use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use sundown_python::exceptions::ShutdownError;
use sundown_python::{Restart, Runtime, future_into_py, get_runtime};

use crate::probe::Probe;

/// A `Runtime` in a class. What takes it away leaves nothing behind.
#[pyclass(frozen, name = "Runtime")]
struct Own(Mutex<Option<Runtime>>);

impl Own {
    fn get(&self) -> PyResult<Runtime> {
        self.0.lock().unwrap().clone().ok_or_else(|| PyValueError::new_err("it was taken away"))
    }

    fn take(&self) -> PyResult<Runtime> {
        self.0.lock().unwrap().take().ok_or_else(|| PyValueError::new_err("it was taken away"))
    }
}

/// As a user's extension would hand a report on.
fn told(result: Result<sundown_python::Report, sundown_python::ShutdownError>) -> PyResult<String> {
    match result {
        Ok(report) => Ok(report.to_string()),
        Err(error) => Err(ShutdownError::new_err(error.report().to_string())),
    }
}

#[pymethods]
impl Own {
    #[new]
    #[pyo3(signature = (name="own", workers=2, current_thread=false, seconds=5.0, restart=false, cancel=false))]
    fn new(
        name: &str,
        workers: usize,
        current_thread: bool,
        seconds: f64,
        restart: bool,
        cancel: bool,
    ) -> PyResult<Self> {
        let builder = Runtime::builder().name(name).thread_name(name).timeout(Duration::from_secs_f64(seconds));
        let builder = if current_thread { builder.current_thread() } else { builder.worker_threads(workers) };
        let builder = builder.restart(if restart { Restart::OnUse } else { Restart::Never }).cancel_at_main_end(cancel);
        Ok(Own(Mutex::new(Some(builder.build()?))))
    }

    /// A task that never ends, tracked.
    fn spawn_never(&self, probe: Probe) -> PyResult<()> {
        let watched = probe.watch();
        drop(self.get()?.spawn_named("never", async move {
            watched.started();
            std::future::pending::<()>().await;
        })?);
        Ok(())
    }

    /// A blocking task that takes `seconds`, or until the probe is released.
    fn spawn_blocking(&self, seconds: f64, probe: Probe) -> PyResult<()> {
        let mut watched = probe.watch();
        drop(self.get()?.spawn_blocking_named("sleeper", move || {
            watched.started();
            probe.hold(seconds);
            watched.completed();
        })?);
        Ok(())
    }

    /// A task that waits for its token, and then takes a while to end.
    fn spawn_graceful(&self, seconds: f64, probe: Probe) -> PyResult<()> {
        let runtime = self.get()?;
        let tasks = runtime.tasks()?;
        let stop = tasks.token();
        let mut watched = probe.watch();
        let work = async move {
            watched.started();
            stop.cancelled().await;
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            watched.completed();
        };
        tasks.spawn_on("graceful", work, &runtime.handle()?).map(drop).map_err(|_| PyValueError::new_err("closed"))
    }

    #[pyo3(signature = (seconds, value=None))]
    fn sleep<'py>(&self, py: Python<'py>, seconds: f64, value: Option<Py<PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        self.get()?.future_into_py(py, async move {
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            Ok(value)
        })
    }

    fn coroutine<'py>(&self, py: Python<'py>, seconds: f64, value: Py<PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.get()?.coroutine_into_py(py, async move {
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            Ok(value)
        })
    }

    fn never<'py>(&self, py: Python<'py>, probe: Probe) -> PyResult<Bound<'py, PyAny>> {
        let watched = probe.watch();
        self.get()?.future_into_py(py, async move {
            watched.started();
            std::future::pending::<PyResult<()>>().await
        })
    }

    fn block_on_sleep(&self, py: Python<'_>, seconds: f64) -> PyResult<f64> {
        self.get()?.block_on(py, async move {
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            seconds
        })
    }

    fn block_on_never(&self, py: Python<'_>, probe: Probe) -> PyResult<()> {
        let watched = probe.watch();
        self.get()?.block_on(py, async move {
            watched.started();
            std::future::pending().await
        })
    }

    /// `block_on` inside a task of the runtime itself, on its worker.
    fn block_on_inside<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let runtime = self.get()?;
        let inner = runtime.clone();
        runtime.future_into_py(py, async move { Python::attach(|py| inner.block_on(py, async { 5 })) })
    }

    /// The names of what runs.
    fn running(&self) -> PyResult<Vec<String>> {
        Ok(self.get()?.running()?.iter().map(ToString::to_string).collect())
    }

    #[pyo3(signature = (seconds=None))]
    fn close(&self, py: Python<'_>, seconds: Option<f64>) -> PyResult<String> {
        told(self.get()?.shutdown_blocking(py, seconds.map(Duration::from_secs_f64)))
    }

    #[pyo3(signature = (seconds=None))]
    fn aclose<'py>(&self, py: Python<'py>, seconds: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        let runtime = self.get()?;
        future_into_py(py, async move { told(runtime.shutdown(seconds.map(Duration::from_secs_f64)).await) })
    }

    /// `shutdown` called by a task of its own.
    fn close_inside<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let runtime = self.get()?;
        let (send, receive) = tokio::sync::oneshot::channel();
        let inner = runtime.clone();
        drop(runtime.handle()?.spawn(async move {
            let _ = send.send(match inner.shutdown(Duration::from_secs(1)).await {
                Ok(report) => report.to_string(),
                Err(error) => error.report().to_string(),
            });
        }));
        future_into_py(py, async move {
            receive.await.map_err(|_| ShutdownError::new_err("the task was dropped with its runtime"))
        })
    }

    fn drop_attached(&self) -> PyResult<()> {
        self.take().map(drop)
    }

    fn drop_detached(&self, py: Python<'_>) -> PyResult<()> {
        let runtime = self.take()?;
        py.detach(|| drop(runtime));
        Ok(())
    }

    /// The last handle belongs to one of its own tasks.
    fn drop_on_its_own_worker(&self, probe: Probe) -> PyResult<()> {
        let runtime = self.take()?;
        let watched = probe.watch();
        let handle = runtime.handle()?;
        drop(handle.spawn(async move {
            tokio::task::yield_now().await;
            drop(runtime);
            drop(watched);
        }));
        Ok(())
    }

    /// The last handle belongs to a blocking task of its own.
    fn drop_on_its_own_blocking_thread(&self, probe: Probe) -> PyResult<()> {
        let runtime = self.take()?;
        let watched = probe.watch();
        let handle = runtime.handle()?;
        drop(handle.spawn_blocking(move || {
            drop(runtime);
            drop(watched);
        }));
        Ok(())
    }

    /// Inside the default runtime, after an await, attached or not.
    fn drop_inside_another<'py>(&self, py: Python<'py>, attached: bool) -> PyResult<Bound<'py, PyAny>> {
        let runtime = self.take()?;
        future_into_py(py, async move {
            tokio::task::yield_now().await;
            if attached {
                Python::attach(|_| drop(runtime));
            } else {
                drop(runtime);
            }
            Ok(())
        })
    }

    /// Held by a future that is cancelled in the middle of an await.
    fn drop_mid_await<'py>(&self, py: Python<'py>, probe: Probe) -> PyResult<Bound<'py, PyAny>> {
        let runtime = self.take()?;
        let watched = probe.watch();
        future_into_py(py, async move {
            watched.started();
            std::future::pending::<()>().await;
            drop(runtime);
            drop(watched);
            Ok(())
        })
    }

    /// Inside its own `block_on`.
    fn drop_in_block_on(&self, py: Python<'_>) -> PyResult<()> {
        let runtime = self.take()?;
        let other = runtime.clone();
        let result = runtime.block_on(py, async move {
            tokio::task::yield_now().await;
            drop(other);
        });
        drop(runtime);
        result
    }

    /// Kept until the process is gone: static destructors and thread-locals are not ours to order.
    fn drop_never(&self) -> PyResult<()> {
        self.take().map(std::mem::forget)
    }
}

/// The name of the default runtime.
#[pyfunction]
fn default_runtime() -> &'static str {
    get_runtime().name()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Own>()?;
    module.add_function(wrap_pyfunction!(default_runtime, module)?)
}
