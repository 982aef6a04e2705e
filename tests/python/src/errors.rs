//! The errors of Rust code, as `?` and `or_raise` hand them on: of annotated structs, and of the core's own types.

use std::future::pending;

use pyo3::prelude::*;
use sundown_python::{
    Inbox, OrRaise as _, Outcome, Reply, RuntimeThread, ShutdownError, ShutdownGuard, Tasks, Teardown, get_runtime,
    must_shutdown,
};

/// A struct of the extension, annotated by this crate's macros alone.
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct Service {
    #[shutdown(timeout = "100ms")]
    parts: Parts,
    guard: ShutdownGuard<Self>,
}

#[derive(Teardown)]
struct Parts {
    #[shutdown]
    jobs: Tasks,
}

impl Service {
    fn start(deaf: bool) -> PyResult<Self> {
        let jobs = Tasks::new();
        if deaf {
            let _entered = get_runtime().enter()?;
            jobs.spawn("deaf", pending::<()>()).expect("the group is open");
        }
        Ok(Service { parts: Parts { jobs }, guard: ShutdownGuard::new() })
    }
}

/// `?` on the error of a generated method.
#[pyfunction]
fn shut_down_service(py: Python<'_>, deaf: bool) -> PyResult<String> {
    let mut service = Service::start(deaf)?;
    let report = get_runtime().block_on(py, async move { service.shutdown().await })??;
    Ok(report.to_string())
}

/// The same, without async code.
#[pyfunction]
fn shut_down_service_blocking(py: Python<'_>, deaf: bool) -> PyResult<String> {
    let mut service = Service::start(deaf)?;
    Ok(py.detach(|| service.shutdown_blocking())?.to_string())
}

/// `with_shutdown`, whose result has the same error.
#[pyfunction]
fn run_service(py: Python<'_>, deaf: bool) -> PyResult<String> {
    let service = Service::start(deaf)?;
    let (answer, result) = get_runtime().block_on(py, service.with_shutdown(async |_| "served"))?;
    result?;
    Ok(answer.to_owned())
}

/// A call of a thread that panics, or whose thread has ended.
#[pyfunction]
fn call_thread(py: Python<'_>, panics: bool) -> PyResult<u8> {
    let thread = RuntimeThread::spawn("errors", async move |mut inbox: Inbox<Reply<u8>>, _| {
        let reply = inbox.recv().await;
        assert!(!panics, "a thread that panics");
        if let Some(reply) = reply {
            reply.send(7);
        }
    })?;
    get_runtime().block_on(py, async move { thread.call(|reply| reply).await })?.or_raise()
}

/// The core's own error: of a report that is given back.
#[pyfunction]
fn raise_report(py: Python<'_>, deaf: bool) -> PyResult<()> {
    let mut service = Service::start(deaf)?;
    let report = py.detach(|| service.shutdown_blocking()).unwrap_or_else(ShutdownError::into_report);
    report.into_result().or_raise().map(drop)
}

/// The texts of an exception that a step failed with, read by a thread of Rust's while this one stays attached. `None` if it
/// would have had to wait for it.
#[pyfunction]
fn display_of_a_failure(error: Bound<'_, PyAny>) -> Option<Vec<String>> {
    let outcome = Outcome::from_result(Err::<(), _>(PyErr::from_value(error)));
    let (told, texts) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let Outcome::Failed(failure) = &outcome else { return };
        let texts = vec![outcome.to_string(), format!("{failure:?}"), failure.chain().collect::<Vec<_>>().concat()];
        let _ = told.send(texts);
    });
    texts.recv_timeout(std::time::Duration::from_secs(20)).ok()
}

pub(super) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(display_of_a_failure, module)?)?;
    module.add_function(wrap_pyfunction!(shut_down_service, module)?)?;
    module.add_function(wrap_pyfunction!(shut_down_service_blocking, module)?)?;
    module.add_function(wrap_pyfunction!(run_service, module)?)?;
    module.add_function(wrap_pyfunction!(call_thread, module)?)?;
    module.add_function(wrap_pyfunction!(raise_report, module)?)
}
