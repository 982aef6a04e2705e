//! What becomes of a key's changes: items of an async iterator, or calls of a callback.

use std::io;
use std::sync::Arc;

use pyo3::exceptions::PyStopAsyncIteration;
use pyo3::exceptions::asyncio::CancelledError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use sundown_python::{Callback, future_into_py};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::subscription::Subscription;

/// How many values wait for a slow reader before the server has to.
const AHEAD: usize = 16;

/// An async iterator over the values of one key.
#[pyclass(frozen, module = "sundown_demo")]
pub(super) struct Watch {
    values: Arc<Mutex<mpsc::Receiver<io::Result<Vec<u8>>>>>,
}

impl Watch {
    /// The iterator, and what feeds it until `stop` or until nobody reads any more.
    pub(super) fn of(mut changes: Subscription, stop: CancellationToken) -> (Self, impl Future<Output = ()>) {
        let (send, values) = mpsc::channel(AHEAD);
        let forward = async move {
            let all = async {
                loop {
                    let value = changes.next().await;
                    let last = value.is_err();
                    if send.send(value).await.is_err() || last {
                        break;
                    }
                }
            };
            tokio::select! {
                () = all => {}
                () = send.closed() => {}
                () = stop.cancelled() => {}
            }
        };
        (Watch { values: Arc::new(Mutex::new(values)) }, forward)
    }
}

#[pymethods]
impl Watch {
    fn __aiter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __anext__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let values = Arc::clone(&self.values);
        future_into_py(py, async move {
            match values.lock().await.recv().await {
                Some(value) => Ok(value?),
                None => Err(PyStopAsyncIteration::new_err("the client is closed")),
            }
        })
    }
}

/// Calls back for each change, one after another, until `stop`, which cancels an async callback that is under way.
pub(super) async fn call_back(
    mut changes: Subscription,
    callback: Callback,
    complain: Callback,
    stop: CancellationToken,
) {
    let all = async {
        while let Ok(value) = changes.next().await {
            if let Err(error) = callback.call((value,)).await {
                // The loop may be closed by now: then there is nobody to complain to.
                let _ = complain.call(Complaint(error)).await;
            }
        }
    };
    stop.run_until_cancelled(all).await;
}

/// The argument of `loop.call_exception_handler`. It becomes a Python object on the loop's thread, not here. A
/// cancellation is no failure: it becomes no argument, and so there is no call.
struct Complaint(PyErr);

impl<'py> IntoPyObject<'py> for Complaint {
    type Target = PyTuple;
    type Output = Bound<'py, PyTuple>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        if self.0.is_instance_of::<CancelledError>(py) {
            return Err(self.0);
        }
        let context = PyDict::new(py);
        context.set_item("message", "a callback of Client.on_change failed")?;
        context.set_item("exception", self.0)?;
        PyTuple::new(py, [context])
    }
}
