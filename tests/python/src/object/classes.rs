//! Classes of other kinds.

use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pyo3::prelude::*;
use sundown_python::{EventLoop, Runtime, Shared, ShutdownGuard, Tasks, close, pyclass_teardown, register};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::probe::Probe;

/// Writes down the order in which things end.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn add(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }
}

/// A pool without a `Teardown`: closed by an async function, on a timer of tokio's.
#[derive(Clone)]
struct Pool(Log);

impl Pool {
    async fn close(&self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.0.add("pool");
    }
}

/// Everything that a class may own, in an order; frozen, under another name, with a doc of its own.
#[pyclass_teardown(timeout = "2s")]
#[pyclass(frozen, name = "Tool", module = "sundown_pytest")]
struct FrozenTool {
    #[shutdown]
    stop: CancellationToken,
    #[shutdown(after = stop)]
    jobs: Tasks,
    #[shutdown(after = jobs)]
    flusher: Shared<JoinHandle<()>>,
    #[shutdown(after = flusher, with = Pool::close)]
    pool: Pool,
    #[shutdown(after = pool)]
    scripts: EventLoop,
    #[shutdown(after = [scripts, pool])]
    runtime: Option<Runtime>,
    log: Log,
    #[shutdown(skip)]
    _parent: CancellationToken,
    #[allow(dead_code)]
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown(report)]
#[pymethods]
impl FrozenTool {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        let runtime = Runtime::builder().name("tool").worker_threads(1).build()?;
        let (stop, jobs, log) = (CancellationToken::new(), Tasks::new(), Log::default());
        let (stopped, noted) = (stop.clone(), log.clone());
        let job = async move {
            stopped.cancelled().await;
            noted.add("job");
        };
        jobs.spawn_on("job", job, &runtime.handle()?).ok();
        let (all, noted) = (jobs.clone(), log.clone());
        let flusher = runtime.spawn(async move {
            all.wait().await;
            noted.add("flusher");
        })?;
        Ok(FrozenTool {
            stop: stop.clone(),
            jobs,
            flusher: Shared::new(flusher),
            pool: Pool(log.clone()),
            scripts: EventLoop::builder().name("tool loop").start(py)?,
            runtime: Some(runtime),
            log,
            _parent: stop,
            guard: ShutdownGuard::new(),
        })
    }

    /// Runs a coroutine function on the private loop, and waits.
    fn run(&self, py: Python<'_>, function: Py<PyAny>) -> PyResult<Py<PyAny>> {
        let scripts = self.scripts.clone();
        let Some(runtime) = &self.runtime else { unreachable!("it is made with one") };
        runtime.block_on(py, async move { scripts.run(function, ()).await })?
    }

    /// What has ended, in order. Works on a closed object.
    #[shutdown(unchecked)]
    fn log(&self) -> PyResult<Vec<&'static str>> {
        Ok(self.log.0.lock().unwrap().clone())
    }
}

/// A value that must stay on its thread.
#[pyclass_teardown]
#[pyclass(unsendable)]
struct Local {
    #[shutdown]
    runtime: Runtime,
    calls: Rc<std::cell::Cell<u32>>,
    #[allow(dead_code)]
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Local {
    #[new]
    fn new() -> PyResult<Self> {
        let runtime = Runtime::builder().name("local").worker_threads(1).build()?;
        Ok(Local { runtime, calls: Rc::default(), guard: ShutdownGuard::new() })
    }

    fn call(&self) -> PyResult<u32> {
        self.runtime.handle()?;
        self.calls.set(self.calls.get() + 1);
        Ok(self.calls.get())
    }
}

/// Made in Rust alone.
#[pyclass_teardown(timeout = "2s")]
#[pyclass]
struct Connection {
    #[shutdown]
    runtime: Runtime,
    #[allow(dead_code)]
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Connection {
    fn spawn_never(&self, probe: Probe) -> PyResult<()> {
        let watched = probe.watch();
        drop(self.runtime.spawn(async move {
            watched.started();
            std::future::pending::<()>().await;
        })?);
        Ok(())
    }
}

#[pyfunction]
fn connect(py: Python<'_>, registers: bool) -> PyResult<Bound<'_, Connection>> {
    let runtime = Runtime::builder().name("connection").worker_threads(1).build()?;
    let connection = Bound::new(py, Connection { runtime, guard: ShutdownGuard::new() })?;
    if registers {
        register(&connection)?;
        register(&connection)?;
    }
    Ok(connection)
}

/// With a `close` that is written by hand, and a `#[new]` that cannot be looked into.
#[pyclass_teardown]
#[pyclass(frozen)]
struct ByHand {
    #[shutdown]
    runtime: Runtime,
    said: Mutex<Vec<String>>,
    #[allow(dead_code)]
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl ByHand {
    #[new]
    fn new() -> PyResult<PyClassInitializer<Self>> {
        let runtime = Runtime::builder().name("by hand").worker_threads(1).build()?;
        Ok(PyClassInitializer::from(ByHand { runtime, said: Mutex::default(), guard: ShutdownGuard::new() }))
    }

    /// Closes, and says why.
    #[pyo3(signature = (why="no reason"))]
    fn close(slf: &Bound<'_, Self>, why: &str) -> PyResult<()> {
        slf.get().said.lock().unwrap().push(why.to_owned());
        close(slf, None)
    }

    #[getter]
    fn get_closed(&self) -> &'static str {
        if self.runtime.handle().is_ok() { "open" } else { "closed" }
    }

    fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

pub(super) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<FrozenTool>()?;
    module.add_class::<Local>()?;
    module.add_class::<Connection>()?;
    module.add_class::<ByHand>()?;
    module.add_function(wrap_pyfunction!(connect, module)?)
}
