//! What `#[sundown_python::main]` calls: a program that embeds Python, the async `main` of which runs in an event loop.

use std::future::Future;
use std::process::ExitCode;

use pyo3::exceptions::{PyKeyboardInterrupt, PySystemExit};
use pyo3::prelude::*;
use tokio::runtime::Builder;

use crate::asyncio::run::run;
use crate::runtime::init;

/// As shells tell that Ctrl-C ended a program.
const INTERRUPTED: u8 = 130;

/// The runtime that was asked for.
#[derive(Clone, Copy, Debug)]
pub enum Flavor {
    /// One thread of ours drives all tasks.
    CurrentThread,
    /// As many worker threads as there are processors, unless told.
    MultiThread {
        /// How many.
        workers: Option<usize>,
    },
}

impl Flavor {
    fn builder(self) -> Builder {
        let mut builder = match self {
            Flavor::CurrentThread => Builder::new_current_thread(),
            Flavor::MultiThread { .. } => Builder::new_multi_thread(),
        };
        if let Flavor::MultiThread { workers: Some(workers) } = self {
            builder.worker_threads(workers);
        }
        builder.enable_all();
        builder
    }
}

/// What `main` may return.
#[diagnostic::on_unimplemented(
    message = "`main` cannot return `{Self}`",
    label = "needs to be `PyResult<()>`",
    note = "`#[main]` takes `PyResult<T>`, `Result<T, E>` where `PyErr` is made from `E`, and nothing"
)]
pub trait Returned {
    fn into_result(self) -> PyResult<()>;
}

impl Returned for () {
    fn into_result(self) -> PyResult<()> {
        Ok(())
    }
}

impl<T, E: Into<PyErr>> Returned for Result<T, E> {
    fn into_result(self) -> PyResult<()> {
        self.map(drop).map_err(Into::into)
    }
}

/// Runs the program. The exit code is what Python's would be: that of `SystemExit`, 1 after another exception.
pub fn main<F>(flavor: Flavor, future: F) -> ExitCode
where
    F: Future<Output: Returned> + Send + 'static,
{
    Python::initialize();
    init(flavor.builder());
    Python::attach(|py| {
        let code = match run(py, async move { future.await.into_result() }) {
            Ok(()) => 0,
            Err(error) => exit_code(py, error),
        };
        leave(py);
        ExitCode::from(code)
    })
}

/// Says what happened, as Python does at the end of a program.
fn exit_code(py: Python<'_>, error: PyErr) -> u8 {
    if error.is_instance_of::<PySystemExit>(py) {
        return exit_code_of(error.value(py).getattr("code").ok());
    }
    let interrupted = error.is_instance_of::<PyKeyboardInterrupt>(py);
    error.print_and_set_sys_last_vars(py);
    if interrupted { INTERRUPTED } else { 1 }
}

/// `SystemExit.code`: None, a number, or a message for people.
fn exit_code_of(code: Option<Bound<'_, PyAny>>) -> u8 {
    let Some(code) = code.filter(|code| !code.is_none()) else { return 0 };
    match code.extract::<i64>() {
        // The OS keeps the lowest byte, here as after `exit` of C.
        Ok(code) => code.to_le_bytes()[0],
        Err(_) => {
            eprintln!("{code}");
            1
        }
    }
}

/// Does what the interpreter does before it finalizes: calls the `atexit` functions, our second stage among them, which
/// stops the runtimes; writes out what was printed. It does not finalize: a thread of the user's that enters Python later
/// finds it whole, and the process ends anyway.
fn leave(py: Python<'_>) {
    let called = py.import("atexit").and_then(|atexit| atexit.call_method0("_run_exitfuncs"));
    if let Err(error) = called {
        error.print(py);
    }
    for stream in ["stdout", "stderr"] {
        // It may be None, closed, or a reader may have gone.
        let stream = py.import("sys").and_then(|sys| sys.getattr(stream));
        let _ = stream.and_then(|stream| stream.call_method0("flush"));
    }
}
