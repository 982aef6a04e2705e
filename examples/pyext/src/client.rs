//! `Client`: a key-value client whose methods are awaitables.
//!
//! The work is done by tasks on the client's own runtime: one connection for requests, one for each key that is watched. The
//! awaitables themselves only wait for a channel, on the module's runtime ([`future_into_py`]), which outlives every client:
//! anyone who awaits something while the client is closed gets an answer or an error, and nothing in between.

mod connection;
mod subscription;
mod watch;

use pyo3::prelude::*;
use sundown_python::{Callback, Runtime, ShutdownGuard, Tasks, future_into_py, get_running_loop, pyclass_teardown};

use connection::Requests;
use subscription::Subscription;
use watch::Watch;

/// A client of a Redis, a Valkey or a `Server` at `address` (`host:port`).
#[pyclass_teardown(timeout = "3s")]
#[pyclass(frozen, module = "sundown_demo")]
pub(crate) struct Client {
    /// A task for each key that is watched.
    #[shutdown]
    watches: Tasks,
    /// Asked to stop, it sends no more requests, and ends when all are answered.
    #[shutdown(after = watches, timeout = "1s")]
    connection: Tasks,
    #[shutdown(after = [watches, connection])]
    runtime: Runtime,
    requests: Requests,
    address: String,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Client {
    #[new]
    fn new(py: Python<'_>, address: String) -> PyResult<Self> {
        let runtime = Runtime::builder().name("client").worker_threads(1).build()?;
        let (watches, connection) = (Tasks::new(), Tasks::new());
        let requests = runtime.block_on(py, Requests::connect(&address, &connection))??;
        Ok(Client { watches, connection, runtime, requests, address, guard: ShutdownGuard::new() })
    }

    /// The value of `key`, or None.
    fn get<'py>(&self, py: Python<'py>, key: String) -> PyResult<Bound<'py, PyAny>> {
        let requests = self.requests.clone();
        future_into_py(py, async move { Ok(requests.get(&key).await?) })
    }

    /// Sets the value of `key`, and tells those who watch it.
    fn put<'py>(&self, py: Python<'py>, key: String, value: Vec<u8>) -> PyResult<Bound<'py, PyAny>> {
        let requests = self.requests.clone();
        future_into_py(py, async move { Ok(requests.put(&key, &value).await?) })
    }

    /// Whether there was such a key.
    fn delete<'py>(&self, py: Python<'py>, key: String) -> PyResult<Bound<'py, PyAny>> {
        let requests = self.requests.clone();
        future_into_py(py, async move { Ok(requests.delete(&key).await?) })
    }

    /// An async iterator over what `key` is set to from now on. It ends with the client.
    fn watch<'py>(&self, py: Python<'py>, key: String) -> PyResult<Bound<'py, PyAny>> {
        let (watches, runtime) = (self.watches.clone(), self.runtime.handle()?);
        let subscription = self.subscribe(key.clone())?;
        future_into_py(py, async move {
            let subscription = subscription.await?;
            let (watch, forward) = Watch::of(subscription, watches.token());
            // Refused: the client is being closed, and a watch without its task is one that has ended.
            let _ = watches.spawn_on(format!("watch {key}"), forward, &runtime);
            Ok(watch)
        })
    }

    /// Calls `callback(value)` whenever `key` is set from now on, until the client is closed. The callback may be async; it
    /// runs on the caller's event loop, which gets its exceptions.
    fn on_change<'py>(&self, py: Python<'py>, key: String, callback: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (watches, runtime) = (self.watches.clone(), self.runtime.handle()?);
        let complain = Callback::new(&get_running_loop(py)?.getattr("call_exception_handler")?)?;
        let callback = Callback::new(&callback)?;
        let subscription = self.subscribe(key.clone())?;
        future_into_py(py, async move {
            let calls = watch::call_back(subscription.await?, callback, complain, watches.token());
            let _ = watches.spawn_on(format!("on_change {key}"), calls, &runtime);
            Ok(())
        })
    }

    fn __repr__(&self) -> String {
        format!("<Client of {}>", self.address)
    }
}

impl Client {
    /// The connection is made by a task on the client's runtime, where it then stays.
    fn subscribe(&self, key: String) -> PyResult<impl Future<Output = PyResult<Subscription>> + use<>> {
        let open = self.runtime.spawn_named("subscribe", Subscription::open(self.address.clone(), key))?;
        Ok(async move { Ok(open.await.map_err(std::io::Error::other)??) })
    }
}
