//! The module `stress_bare`: it never calls `install`. What is in it sets the exit up by being used.

use std::time::Duration;

use pyo3::exceptions::{PySystemExit, PyValueError};
use pyo3::prelude::*;
use sundown_python::{Runtime, RuntimeThread, Shared, ShutdownGuard, Tasks, pyclass_teardown};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

/// The number of watchers that call at the same time.
const WATCHERS: usize = 4;

/// How long the tasks that write their end need for it.
const FLUSH: Duration = Duration::from_millis(50);

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(watch, module)?)?;
    module.add_function(wrap_pyfunction!(flush, module)?)
}

/// Calls the callable again and again, attached on whatever thread polls this: not what sundown advises, but legal and
/// common. `SystemExit` is treated as `PyErr_Print` treats it: the process exits, on this thread. Another error ends it.
async fn call_again(callable: Py<PyAny>) {
    loop {
        let goes_on = Python::attach(|py| match callable.call0(py) {
            Ok(_) => true,
            Err(error) => {
                if error.is_instance_of::<PySystemExit>(py) {
                    error.print(py);
                }
                false
            }
        });
        if !goes_on {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn callables(callable: &Bound<'_, PyAny>) -> impl Iterator<Item = Py<PyAny>> {
    let callables: Vec<_> = (0..WATCHERS).map(|_| callable.clone().unbind()).collect();
    callables.into_iter()
}

/// What a task does that writes its end: waits until it is asked to stop, takes its time, and says so.
async fn flush_when(asked: impl Future<Output = ()>) {
    asked.await;
    tokio::time::sleep(FLUSH).await;
    println!("flushed");
}

/// A class that owns a runtime, and nothing else of it is annotated.
#[pyclass(frozen)]
struct PlainRuntime {
    runtime: Runtime,
}

#[pymethods]
impl PlainRuntime {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(PlainRuntime { runtime: Runtime::builder().worker_threads(2).build()? })
    }

    fn watch(&self, callable: &Bound<'_, PyAny>) -> PyResult<()> {
        watch_on(&self.runtime, callable)
    }

    fn flush(&self) -> PyResult<()> {
        flush_on(&self.runtime.tasks()?, &self.runtime.handle()?)
    }
}

fn refused() -> PyErr {
    PyValueError::new_err("the tasks are closed")
}

/// Has it called by tasks of a runtime.
fn watch_on(runtime: &Runtime, callable: &Bound<'_, PyAny>) -> PyResult<()> {
    callables(callable).try_for_each(|callable| runtime.spawn(call_again(callable)).map(drop))
}

/// Spawns a task that writes its end.
fn flush_on(tasks: &Tasks, home: &Handle) -> PyResult<()> {
    let flusher = flush_when(tasks.token().cancelled_owned());
    tasks.spawn_on("flusher", flusher, home).map(drop).map_err(|_| refused())
}

/// The classes, for a timeout.
macro_rules! classes {
    ($name:ident, $timeout:literal) => {
        mod $name {
            use super::*;

            /// With a runtime of its own.
            #[pyclass_teardown(timeout = $timeout)]
            #[pyclass(frozen)]
            pub(super) struct OfRuntime {
                #[shutdown]
                runtime: Runtime,
                guard: ShutdownGuard<Self>,
            }

            #[pyclass_teardown]
            #[pymethods]
            impl OfRuntime {
                #[new]
                pub(super) fn new() -> PyResult<Self> {
                    let runtime = Runtime::builder().worker_threads(2).build()?;
                    Ok(OfRuntime { runtime, guard: ShutdownGuard::new() })
                }

                fn watch(&self, callable: &Bound<'_, PyAny>) -> PyResult<()> {
                    watch_on(&self.runtime, callable)
                }

                fn flush(&self) -> PyResult<()> {
                    flush_on(&self.runtime.tasks()?, &self.runtime.handle()?)
                }
            }

            /// With a thread that drives a runtime.
            #[pyclass_teardown(timeout = $timeout)]
            #[pyclass(frozen)]
            pub(super) struct OfThread {
                #[shutdown]
                thread: RuntimeThread<Option<Py<PyAny>>>,
                guard: ShutdownGuard<Self>,
            }

            #[pyclass_teardown]
            #[pymethods]
            impl OfThread {
                #[new]
                pub(super) fn new() -> PyResult<Self> {
                    let thread = RuntimeThread::spawn("watcher", async |mut inbox, stop| {
                        while let Some(message) = inbox.recv().await {
                            match message {
                                Some(callable) => drop(tokio::spawn(call_again(callable))),
                                None => flush_when(stop.stopped()).await,
                            }
                        }
                    })?;
                    Ok(OfThread { thread, guard: ShutdownGuard::new() })
                }

                fn watch(&self, py: Python<'_>, callable: &Bound<'_, PyAny>) -> PyResult<()> {
                    let sent: Vec<_> = callables(callable).collect();
                    py.detach(|| {
                        sent.into_iter()
                            .try_for_each(|callable| self.thread.send_blocking(Some(callable)).map_err(drop))
                    })
                    .map_err(|()| refused())
                }

                fn flush(&self, py: Python<'_>) -> PyResult<()> {
                    py.detach(|| self.thread.send_blocking(None).map_err(drop)).map_err(|()| refused())
                }
            }

            /// With tasks on the module-wide runtime, or on the drop-in's.
            #[pyclass_teardown(timeout = $timeout)]
            #[pyclass(frozen)]
            pub(super) struct OfTasks {
                #[shutdown]
                tasks: Tasks,
                home: Handle,
                guard: ShutdownGuard<Self>,
            }

            #[pyclass_teardown]
            #[pymethods]
            impl OfTasks {
                #[new]
                pub(super) fn new(of_drop_in: bool) -> PyResult<Self> {
                    let home = if of_drop_in {
                        pyo3_async_runtimes::tokio::get_runtime().handle().clone()
                    } else {
                        sundown_python::get_runtime().handle()?
                    };
                    Ok(OfTasks { tasks: Tasks::new(), home, guard: ShutdownGuard::new() })
                }

                fn watch(&self, callable: &Bound<'_, PyAny>) -> PyResult<()> {
                    callables(callable).try_for_each(|callable| {
                        self.tasks
                            .spawn_on("watcher", call_again(callable), &self.home)
                            .map(drop)
                            .map_err(|_| refused())
                    })
                }

                fn flush(&self) -> PyResult<()> {
                    flush_on(&self.tasks, &self.home)
                }
            }

            /// With a connection on the module-wide runtime, which is closed by a function of its own.
            #[pyclass_teardown(timeout = $timeout)]
            #[pyclass(frozen)]
            pub(super) struct OfConnection {
                #[shutdown(with = say_goodbye)]
                connection: Shared<Option<TcpStream>>,
                guard: ShutdownGuard<Self>,
            }

            #[pyclass_teardown]
            #[pymethods]
            impl OfConnection {
                #[new]
                pub(super) fn new(py: Python<'_>) -> PyResult<Self> {
                    let connection = sundown_python::get_runtime().block_on(py, connect())??;
                    Ok(OfConnection { connection: Shared::new(Some(connection)), guard: ShutdownGuard::new() })
                }

                fn flush(&self) {}
            }
        }
    };
}

classes!(half, "500ms");
classes!(two, "2s");
classes!(ten, "10s");

/// A connection to a server in the same runtime that answers as late as the tasks that flush.
async fn connect() -> std::io::Result<TcpStream> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let connection = TcpStream::connect(listener.local_addr()?).await?;
    let (mut served, _) = listener.accept().await?;
    tokio::spawn(async move {
        let mut word = [0; 4];
        if served.read_exact(&mut word).await.is_ok() {
            tokio::time::sleep(FLUSH).await;
            let _ = served.write_all(&word).await;
        }
    });
    Ok(connection)
}

async fn say_goodbye(connection: &mut Shared<Option<TcpStream>>) -> std::io::Result<()> {
    let Some(mut connection) = connection.take().await.take() else { return Ok(()) };
    connection.write_all(b"quit").await?;
    connection.read_exact(&mut [0; 4]).await?;
    println!("flushed");
    Ok(())
}

/// What the words of a scenario stand for, as a Python object.
fn owner<'py>(py: Python<'py>, kind: &str, timeout: &str) -> PyResult<Bound<'py, PyAny>> {
    macro_rules! of {
        ($class:ident($($argument:expr),*)) => {
            match timeout {
                "0.5" => Bound::new(py, half::$class::new($($argument),*)?)?.into_any(),
                "2" => Bound::new(py, two::$class::new($($argument),*)?)?.into_any(),
                "10" => Bound::new(py, ten::$class::new($($argument),*)?)?.into_any(),
                _ => return Err(PyValueError::new_err("no class has such a timeout")),
            }
        };
    }
    Ok(match kind {
        "plain" => Bound::new(py, PlainRuntime::new()?)?.into_any(),
        "runtime" => of!(OfRuntime()),
        "thread" => of!(OfThread()),
        "tasks" => of!(OfTasks(false)),
        "shim" => of!(OfTasks(true)),
        "connection" => of!(OfConnection(py)),
        _ => return Err(PyValueError::new_err("nothing is called like that")),
    })
}

/// Has the callable called again and again: by tasks of the drop-in's runtime, or of an object's, which is returned.
#[pyfunction]
fn watch<'py>(kind: &str, timeout: &str, callable: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    if kind == "drop_in" {
        for callable in callables(callable) {
            pyo3_async_runtimes::tokio::get_runtime().spawn(call_again(callable));
        }
        return Ok(None);
    }
    let owner = owner(callable.py(), kind, timeout)?;
    owner.call_method1("watch", (callable,))?;
    Ok(Some(owner))
}

/// An object with something that writes its end.
#[pyfunction]
fn flush<'py>(py: Python<'py>, kind: &str, timeout: &str) -> PyResult<Bound<'py, PyAny>> {
    let owner = owner(py, kind, timeout)?;
    owner.call_method0("flush")?;
    Ok(owner)
}
