//! `Server`: a key-value server in this process, for the [`Client`](crate::client::Client) where there is no Redis.

mod connection;
mod keyspace;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use sundown_python::{Runtime, ShutdownGuard, Tasks, pyclass_teardown};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use keyspace::Keyspace;

/// What it waits after an error of `accept`: out of descriptors, most likely, and to accept again at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// A key-value server on a port of its own, in this process. It speaks enough of Redis's protocol for `Client`.
#[pyclass_teardown(timeout = "2s")]
#[pyclass(frozen, module = "sundown_demo")]
pub(crate) struct Server {
    #[shutdown]
    accepting: Tasks,
    #[shutdown(after = accepting)]
    connections: Tasks,
    #[shutdown(after = connections)]
    runtime: Runtime,
    address: SocketAddr,
    guard: ShutdownGuard<Self>,
}

#[pyclass_teardown]
#[pymethods]
impl Server {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        let runtime = Runtime::builder().name("server").worker_threads(1).build()?;
        let (accepting, connections) = (Tasks::new(), Tasks::new());
        let listener = runtime.block_on(py, TcpListener::bind("127.0.0.1:0"))??;
        let address = listener.local_addr()?;
        let accept = accept(listener, accepting.token(), connections.clone());
        accepting.spawn_on("accept", accept, &runtime.handle()?).expect("the tasks are new");
        Ok(Server { accepting, connections, runtime, address, guard: ShutdownGuard::new() })
    }

    /// Where it listens, as `host:port`.
    #[getter]
    fn address(&self) -> String {
        self.address.to_string()
    }

    /// How many clients are connected.
    #[getter]
    fn connections(&self) -> usize {
        self.connections.len()
    }

    fn __repr__(&self) -> String {
        format!("<Server on {}>", self.address)
    }
}

async fn accept(listener: TcpListener, stop: CancellationToken, connections: Tasks) {
    let keyspace = Arc::new(Keyspace::default());
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let Ok((stream, peer)) = accepted else {
            stop.run_until_cancelled(tokio::time::sleep(ACCEPT_PAUSE)).await;
            continue;
        };
        let serve = connection::serve(stream, Arc::clone(&keyspace), connections.token());
        if connections.spawn(format!("connection of {peer}"), serve).is_err() {
            return; // the shutdown has come in between
        }
    }
}
