//! Places where a last reference goes.

use std::sync::Mutex;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use sundown_python::{Callback, get_runtime};
use tokio::sync::oneshot;

use super::Client;
use crate::probe::Probe;

/// Has a reference, and lets it go when a test says so.
#[pyclass(frozen)]
struct Holder(Mutex<Option<oneshot::Sender<()>>>);

#[pymethods]
impl Holder {
    fn let_go(&self) {
        drop(self.0.lock().unwrap().take());
    }
}

/// Holds `held` at a place; `probe` sees it go.
#[pyfunction]
fn hold(client: &Client, held: Py<PyAny>, place: &str, probe: Probe) -> PyResult<Holder> {
    let (told, wait) = oneshot::channel::<()>();
    let mut watched = probe.watch();
    let let_go = move || {
        watched.started();
        Python::attach(|_| drop(held));
        watched.completed();
    };
    match place {
        "own worker" => {
            // Not tracked: the shutdown must not drop it.
            drop(client.runtime.handle()?.spawn(async move {
                let _ = wait.await;
                let_go();
            }));
        }
        "own blocking thread" => {
            drop(client.runtime.handle()?.spawn_blocking(move || {
                let _ = wait.blocking_recv();
                let_go();
            }));
        }
        "another worker" => {
            drop(get_runtime().handle()?.spawn(async move {
                let _ = wait.await;
                let_go();
            }));
        }
        "a thread" => {
            std::thread::spawn(move || {
                let _ = wait.blocking_recv();
                let_go();
            });
        }
        _ => return Err(PyValueError::new_err("there is no such place")),
    }
    Ok(Holder(Mutex::new(Some(told))))
}

/// Calls the callable, which drops `held`'s last reference, from a task of the client's own runtime.
#[pyfunction]
fn call_from_own_task(client: &Client, callable: &Bound<'_, PyAny>, probe: Probe) -> PyResult<()> {
    let callback = Callback::on_thread(callable)?;
    let watched = probe.watch();
    drop(client.runtime.handle()?.spawn(async move {
        watched.started();
        let _ = callback.call(()).await;
        drop(watched);
    }));
    Ok(())
}

/// Makes a value, and drops it without Python having seen it; `attached` or not.
#[pyfunction]
fn make_and_drop(py: Python<'_>, attached: bool) -> PyResult<()> {
    match attached {
        true => drop(Client::new("rust")?),
        false => py.detach(|| Client::new("rust").map(drop))?,
    }
    Ok(())
}

/// Holds a lock of Rust's while it calls `callable`, which may collect garbage; a task of the client's wants the lock.
#[pyfunction]
fn call_below_a_lock(client: &Client, callable: &Bound<'_, PyAny>, probe: Probe) -> PyResult<()> {
    let lock = std::sync::Arc::new(Mutex::new(()));
    let held = lock.lock().unwrap();
    let (wanted, watched) = (lock.clone(), probe.watch());
    drop(client.runtime.spawn_blocking_named("wants the lock", move || {
        watched.started();
        drop(wanted.lock().unwrap());
    })?);
    callable.call0()?;
    drop(held);
    Ok(())
}

pub(super) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Holder>()?;
    module.add_function(wrap_pyfunction!(hold, module)?)?;
    module.add_function(wrap_pyfunction!(call_from_own_task, module)?)?;
    module.add_function(wrap_pyfunction!(make_and_drop, module)?)?;
    module.add_function(wrap_pyfunction!(call_below_a_lock, module)?)
}
