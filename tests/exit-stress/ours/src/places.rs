//! The places where user code may run Python: each in a class, of which each has another timeout.

use std::sync::{Mutex, OnceLock, mpsc};
use std::thread;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict as _, PyCFunction};
use sundown_python::exceptions::ShutdownError;
use sundown_python::{Runtime, RuntimeThread, ShutdownGuard, Tasks, Thread, get_runtime, pyclass_teardown};

/// Owners at class timeouts of half a second, of two seconds and of ten.
pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(detached_thread, module)?)?;
    module.add_class::<Half>()?;
    module.add_class::<Two>()?;
    module.add_class::<Ten>()
}

type Call = Box<dyn FnOnce() + Send>;

/// What an object owns: one of these.
#[derive(Default)]
struct Place {
    runtime: Option<Runtime>,
    runtime_thread: Option<RuntimeThread<Call>>,
    tasks: Option<Tasks>,
    thread: Option<Thread>,
}

/// A runtime that is the user's own.
fn own_runtime() -> &'static tokio::runtime::Runtime {
    static OWN: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    OWN.get_or_init(|| tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("threads"))
}

impl Place {
    /// Calls `callable` once, there. Waits, attached, until the thread runs: without `install` it is there before the
    /// main thread can set up the exit.
    fn new(name: &str, callable: Py<PyAny>) -> PyResult<Self> {
        let (begins, begun) = mpsc::channel();
        let call = move || {
            let _ = begins.send(());
            Python::attach(|py| drop(callable.call0(py)));
        };
        let (mut place, closed) = (Place::default(), || ShutdownError::new_err("closed"));
        match name {
            "worker" | "blocking" | "handle" => {
                let runtime = Runtime::builder().worker_threads(1).build()?;
                match name {
                    "worker" => drop(runtime.spawn(async move { call() })?),
                    "blocking" => drop(runtime.spawn_blocking(call)?),
                    _ => drop(runtime.handle()?.spawn(async move { call() })),
                }
                place.runtime = Some(runtime);
            }
            "runtime-thread" | "runtime-thread-pool" => {
                let pool = name == "runtime-thread-pool";
                let thread = RuntimeThread::spawn("place", async move |mut inbox, _stop| {
                    while let Some(call) = inbox.recv().await {
                        let call: Call = call;
                        if pool { drop(tokio::task::spawn_blocking(call)) } else { call() }
                    }
                })?;
                thread.try_send(Box::new(call)).map_err(|_| closed())?;
                place.runtime_thread = Some(thread);
            }
            "tasks" | "tasks-own" => {
                let tasks = Tasks::new();
                let handle = if name == "tasks" { get_runtime().handle()? } else { own_runtime().handle().clone() };
                drop(tasks.spawn_on("call", async move { call() }, &handle).map_err(|_| closed())?);
                place.tasks = Some(tasks);
            }
            // On a thread that is attached for the first time before it runs a task of ours, and until it has.
            "tasks-attached" | "tasks-daemon" => {
                let tasks = Tasks::new();
                let polls = {
                    let tasks = tasks.clone();
                    move || run_on_this_thread(&tasks, call)
                };
                Python::attach(|py| {
                    if name == "tasks-attached" {
                        thread::spawn(|| Python::attach(|py| py.detach(polls)));
                    } else {
                        let polls = Mutex::new(Some(polls));
                        let target = PyCFunction::new_closure(py, None, None, move |arguments, _| {
                            let polls = polls.lock().ok().and_then(|mut polls| polls.take());
                            arguments.py().detach(|| polls.into_iter().for_each(|polls| polls()));
                        })?;
                        let options = [("daemon", true)].into_py_dict(py)?;
                        options.set_item("target", target)?;
                        let thread = py.import("threading")?.getattr("Thread")?;
                        thread.call((), Some(&options))?.call_method0("start")?;
                    }
                    py.detach(move || begun.recv()).map_err(|_| closed())
                })?;
                place.tasks = Some(tasks);
                return Ok(place);
            }
            "thread" => place.thread = Some(Thread::spawn("place", move |_stop| call())?),
            name => return Err(PyValueError::new_err(format!("no place is called `{name}`"))),
        }
        begun.recv().map_err(|_| closed())?;
        Ok(place)
    }
}

/// Polls a task on the calling thread until it has ended.
fn run_on_this_thread(tasks: &Tasks, call: impl FnOnce() + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        if let Ok(task) = tasks.spawn("call", async move { call() }) {
            let _ = task.await;
        }
    });
}

/// Calls `callable` on a thread of which nobody has a handle.
#[pyfunction]
fn detached_thread(callable: Py<PyAny>) -> PyResult<()> {
    Ok(Thread::spawn("detached", move |_stop| Python::attach(|py| drop(callable.call0(py)))).map(drop)?)
}

macro_rules! owner {
    ($name:ident, $timeout:tt) => {
        #[pyclass_teardown(timeout = $timeout)]
        #[pyclass(frozen)]
        struct $name {
            #[shutdown]
            runtime: Option<Runtime>,
            #[shutdown]
            runtime_thread: Option<RuntimeThread<Call>>,
            #[shutdown]
            tasks: Option<Tasks>,
            #[shutdown]
            thread: Option<Thread>,
            guard: ShutdownGuard<Self>,
        }

        #[pyclass_teardown]
        #[pymethods]
        impl $name {
            #[new]
            fn new(place: &str, callable: Py<PyAny>) -> PyResult<Self> {
                let Place { runtime, runtime_thread, tasks, thread } = Place::new(place, callable)?;
                Ok($name { runtime, runtime_thread, tasks, thread, guard: ShutdownGuard::new() })
            }
        }
    };
}

owner!(Half, "500ms");
owner!(Two, "2s");
owner!(Ten, "10s");
