//! A module that never calls `install`: what is used first sets the exit up.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;
use sundown_python::{
    Runtime, ShutdownGuard, Tasks, coroutine_into_py, future_into_py, get_runtime, init, install_as, pyclass_teardown,
    register,
};
use tokio::runtime::Handle;

/// The first use of the module-wide runtime, by a thread that is not attached.
fn first_use() {
    let _task = get_runtime().spawn_named("parked", std::future::pending::<()>());
}

#[pyfunction]
fn use_attached() {
    first_use();
}

#[pyfunction]
fn use_detached(py: Python<'_>) {
    py.detach(first_use);
}

/// A bridged future.
#[pyfunction]
fn slept(py: Python<'_>, seconds: f64) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async move {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        Ok("slept")
    })
}

/// From a thread of Rust's, this many milliseconds later.
#[pyfunction]
fn use_in_thread(milliseconds: u64) {
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(milliseconds));
        first_use();
        WAS_USED.store(true, Ordering::Release);
    });
}

static WAS_USED: AtomicBool = AtomicBool::new(false);

/// Whether the use by such a thread is over.
#[pyfunction]
fn was_used_in_thread() -> bool {
    WAS_USED.load(Ordering::Acquire)
}

/// As [`use_in_thread`], while this thread stays in here, detached or not.
#[pyfunction]
fn use_while_this_blocks(py: Python<'_>, detached: bool) {
    let wait = || {
        thread::spawn(first_use).join().unwrap();
        thread::sleep(Duration::from_millis(50));
    };
    if detached { py.detach(wait) } else { wait() }
}

#[pyfunction]
fn init_with_tokio() {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().worker_threads(1);
    init(builder);
}

/// A runtime that the first to come makes, attached: the others wait for it, attached too.
#[pyfunction]
fn shared_runtime() -> String {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| Runtime::builder().name("shared").worker_threads(1).build().unwrap());
    runtime.name().to_owned()
}

/// A runtime that stops when the main thread ends, which needs modules of Python's.
#[pyfunction]
fn use_cancelling() {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME
        .get_or_init(|| Runtime::builder().name("cancels").worker_threads(1).cancel_at_main_end(true).build().unwrap());
}

/// Whether nothing new starts any more.
#[pyfunction]
fn is_closed() -> bool {
    get_runtime().spawn(std::future::ready(())).is_err()
}

/// Forks before Python's main thread runs a bytecode.
#[pyfunction]
fn use_and_fork(py: Python<'_>) -> PyResult<i32> {
    py.detach(first_use);
    py.import("os")?.call_method0("fork")?.extract()
}

/// With a task that needs this many seconds when it is asked to stop.
#[pyclass_teardown(timeout = "30s")]
#[pyclass(frozen)]
struct Flusher {
    #[shutdown]
    tasks: Tasks,
    #[allow(dead_code)]
    guard: ShutdownGuard<Self>,
}

impl Flusher {
    fn on(runtime: &Handle, seconds: f64) -> Self {
        let tasks = Tasks::new();
        let asked = tasks.token();
        let flush = async move {
            asked.cancelled().await;
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            println!("flushed");
        };
        tasks.spawn_on("flush", flush, runtime).ok();
        Flusher { tasks, guard: ShutdownGuard::new() }
    }
}

#[pyclass_teardown]
#[pymethods]
impl Flusher {
    #[new]
    fn new(seconds: f64) -> PyResult<Self> {
        Ok(Flusher::on(&get_runtime().handle()?, seconds))
    }
}

/// Lends its runtime to others.
#[pyclass_teardown(timeout = "30s")]
#[pyclass(frozen)]
struct Lender {
    #[shutdown]
    runtime: Runtime,
    #[allow(dead_code)]
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Lender {
    #[new]
    #[pyo3(signature = (cancels=false))]
    fn new(cancels: bool) -> PyResult<Self> {
        let builder = Runtime::builder().name("lent").worker_threads(1).cancel_at_main_end(cancels);
        Ok(Lender { runtime: builder.build()?, guard: ShutdownGuard::new() })
    }

    fn flusher<'py>(&self, py: Python<'py>, seconds: f64) -> PyResult<Bound<'py, Flusher>> {
        let flusher = Bound::new(py, Flusher::on(&self.runtime.handle()?, seconds))?;
        register(&flusher)?;
        Ok(flusher)
    }
}

/// Installs the module late, under a name that its users know.
#[pyfunction(name = "install_as")]
#[pyo3(pass_module)]
fn install_by_name(module: &Bound<'_, PyModule>, name: &str) -> PyResult<()> {
    install_as(name, module)
}

/// Makes the default runtime by a function of the bridge, and not by name.
#[pyfunction]
fn future(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async { Ok(()) })
}

#[pyfunction]
fn coroutine(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    coroutine_into_py(py, async { Ok(()) })
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(install_by_name, module)?)?;
    module.add_function(wrap_pyfunction!(future, module)?)?;
    module.add_function(wrap_pyfunction!(coroutine, module)?)?;
    module.add_function(wrap_pyfunction!(use_attached, module)?)?;
    module.add_function(wrap_pyfunction!(slept, module)?)?;
    module.add_function(wrap_pyfunction!(use_cancelling, module)?)?;
    module.add_function(wrap_pyfunction!(use_detached, module)?)?;
    module.add_function(wrap_pyfunction!(use_in_thread, module)?)?;
    module.add_function(wrap_pyfunction!(was_used_in_thread, module)?)?;
    module.add_function(wrap_pyfunction!(use_while_this_blocks, module)?)?;
    module.add_function(wrap_pyfunction!(init_with_tokio, module)?)?;
    module.add_function(wrap_pyfunction!(shared_runtime, module)?)?;
    module.add_function(wrap_pyfunction!(is_closed, module)?)?;
    module.add_function(wrap_pyfunction!(use_and_fork, module)?)?;
    module.add_class::<Flusher>()?;
    module.add_class::<Lender>()
}
