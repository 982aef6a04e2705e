//! What the module counts, the limit at exit, and what lives in the default runtime of a process that forks or exits.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::probe::Probe;

/// What the module has counted.
#[pyfunction]
fn stats(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let stats = sundown_python::stats();
    let dict = PyDict::new(py);
    dict.set_item("late_completions", stats.late_completions)?;
    dict.set_item("refused_spawns", stats.refused_spawns)?;
    Ok(dict)
}

#[pyfunction]
fn set_exit_timeout(seconds: f64) {
    sundown_python::set_exit_timeout(Duration::from_secs_f64(seconds));
}

/// The type stubs that the crate has.
#[pyfunction]
fn stubs() -> &'static str {
    sundown_python::STUBS
}

/// A server in the default runtime that sends back what it receives. Returns its port.
#[pyfunction]
fn echo_server(py: Python<'_>) -> PyResult<u16> {
    let runtime = sundown_python::get_runtime();
    let listener = runtime.block_on(py, TcpListener::bind(("127.0.0.1", 0)))??;
    let port = listener.local_addr()?.port();
    drop(runtime.handle()?.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 1024];
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    if stream.write_all(&buffer[..read]).await.is_err() {
                        break;
                    }
                }
            });
        }
    }));
    Ok(port)
}

/// A thread of the default runtime's blocking pool that sleeps.
#[pyfunction]
fn blocking(py: Python<'_>, seconds: f64, probe: Probe) -> PyResult<Bound<'_, PyAny>> {
    let mut watched = probe.watch();
    sundown_python::future_into_py(py, async move {
        let work = tokio::task::spawn_blocking(move || {
            watched.started();
            std::thread::sleep(Duration::from_secs_f64(seconds));
            watched.completed();
        });
        work.await.map_err(|error| pyo3::exceptions::PyRuntimeError::new_err(error.to_string()))
    })
}

/// A future of a user's that attaches again and again, and calls the callable until it is cancelled.
#[pyfunction]
fn attach_for_ever(py: Python<'_>, callable: Py<PyAny>) -> PyResult<Bound<'_, PyAny>> {
    sundown_python::future_into_py(py, async move {
        loop {
            Python::attach(|py| callable.call0(py).map(drop))?;
            tokio::task::yield_now().await;
        }
        #[expect(unreachable_code, reason = "it says what the future's type is")]
        Ok(())
    })
}

/// Calls it when the default runtime drops its tasks, attached, on one of its workers.
#[pyfunction]
fn call_when_dropped(callable: Py<PyAny>, probe: Probe) -> PyResult<()> {
    struct Calls(Py<PyAny>);

    impl Drop for Calls {
        fn drop(&mut self) {
            Python::attach(|py| drop(self.0.call0(py)));
        }
    }

    let calls = Calls(callable);
    drop(sundown_python::get_runtime().spawn(async move {
        let _calls = calls;
        let watched = probe.watch();
        watched.started();
        std::future::pending::<()>().await;
    })?);
    Ok(())
}

/// Whether the registry lists what is made from now on.
#[pyfunction]
fn set_registry_enabled(enabled: bool) {
    sundown_python::registry::set_enabled(enabled);
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(stats, module)?)?;
    module.add_function(wrap_pyfunction!(set_exit_timeout, module)?)?;
    module.add_function(wrap_pyfunction!(stubs, module)?)?;
    module.add_function(wrap_pyfunction!(set_registry_enabled, module)?)?;
    module.add_function(wrap_pyfunction!(echo_server, module)?)?;
    module.add_function(wrap_pyfunction!(blocking, module)?)?;
    module.add_function(wrap_pyfunction!(call_when_dropped, module)?)?;
    module.add_function(wrap_pyfunction!(attach_for_ever, module)?)
}
