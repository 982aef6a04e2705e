//! A connection over TCP, whose object Rust makes: by a function, or by another object's `__aenter__`.

use std::io;

use pyo3::exceptions::PyConnectionError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use sundown_python::{
    Factory, Registered, ShutdownGuard, ShutdownGuardExt as _, future_into_py, get_runtime, pyclass_teardown,
};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

use crate::probe::Probe;

type Request = (&'static str, oneshot::Sender<io::Result<String>>);

/// As an HTTP/2 client has it: one task of the module's runtime reads and writes, and calls send to it.
#[derive(Clone)]
struct Connection {
    requests: mpsc::Sender<Request>,
}

impl Connection {
    /// `tracked`: by our runtime's `spawn`; else by tokio's own.
    async fn open(port: u16, tracked: bool) -> PyResult<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let (requests, queue) = mpsc::channel(1);
        if tracked {
            drop(get_runtime().spawn_named("connection", drive(stream, queue))?);
        } else {
            drop(tokio::spawn(drive(stream, queue)));
        }
        Ok(Connection { requests })
    }

    async fn ask(&self, what: &'static str) -> io::Result<String> {
        let gone = || io::Error::other("transport error");
        let (reply, answer) = oneshot::channel();
        self.requests.send((what, reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    async fn release(&self) -> io::Result<()> {
        match self.ask("release\n").await?.as_str() {
            "ok\n" => Ok(()),
            other => Err(io::Error::other(format!("the server said {other:?}"))),
        }
    }
}

async fn drive(stream: TcpStream, mut queue: mpsc::Receiver<Request>) {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    while let Some((request, reply)) = queue.recv().await {
        let answer = async {
            writer.write_all(request.as_bytes()).await?;
            let mut line = String::new();
            reader.read_line(&mut line).await?;
            Ok(line)
        };
        reply.send(answer.await).ok();
    }
}

/// A lock on the server, which its owner must release over the connection that it was taken by.
#[pyclass_teardown(timeout = "3s")]
#[pyclass(module = "sundown_pytest", subclass, weakref)]
struct RemoteLock {
    #[shutdown(with = Connection::release)]
    connection: Connection,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown(report)]
#[pymethods]
impl RemoteLock {
    fn ping<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let connection = self.connection.clone();
        self.guard.future_into_py(py, async move { Ok(connection.ask("ping\n").await?) })
    }
}

impl RemoteLock {
    async fn take(port: u16, tracked: bool) -> PyResult<Self> {
        let connection = Connection::open(port, tracked).await?;
        if connection.ask("take\n").await? != "ok\n" {
            return Err(PyConnectionError::new_err("refused"));
        }
        Ok(RemoteLock { connection, guard: ShutdownGuard::new() })
    }
}

/// `lock = await take(port)`
#[pyfunction]
#[pyo3(signature = (port, tracked=false))]
fn take(py: Python<'_>, port: u16, tracked: bool) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async move { RemoteLock::take(port, tracked).await.map(Registered::new) })
}

/// As `take`, but the result is ready only when the probe is released.
#[pyfunction]
fn take_late(py: Python<'_>, port: u16, probe: Probe) -> PyResult<Bound<'_, PyAny>> {
    let mut watched = probe.watch();
    future_into_py(py, async move {
        let lock = Registered::new(RemoteLock::take(port, false).await?);
        watched.started();
        probe.hold(10.0);
        watched.completed();
        Ok(lock)
    })
}

/// `async with RemoteLocks(port) as lock`
#[pyclass(frozen, module = "sundown_pytest")]
struct RemoteLocks {
    port: u16,
    locks: Factory<RemoteLock>,
}

#[pymethods]
impl RemoteLocks {
    #[new]
    fn new(port: u16) -> Self {
        RemoteLocks { port, locks: Factory::new() }
    }

    fn __aenter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.locks.aenter(py, RemoteLock::take(self.port, false))
    }

    #[pyo3(signature = (*exception))]
    fn __aexit__<'py>(&self, py: Python<'py>, exception: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        self.locks.aexit(py, exception)
    }
}

pub(super) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<RemoteLock>()?;
    module.add_class::<RemoteLocks>()?;
    module.add_function(wrap_pyfunction!(take, module)?)?;
    module.add_function(wrap_pyfunction!(take_late, module)?)
}
