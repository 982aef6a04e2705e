//! The way of the items of an async generator to Rust.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

use pyo3::prelude::*;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::internal::sync::lock;

/// An item, or the exception that ended the generator.
pub(crate) type Item = PyResult<Py<PyAny>>;

/// Waits for room in the channel, then sends. The result is whether anybody still listens.
pub(crate) type Sending = Pin<Box<dyn Future<Output = PyResult<bool>> + Send>>;

/// Runs a [`Sending`] and returns a Python future for its result, on the running loop. Without state: the garbage
/// collector does not look into it.
pub(crate) type Spawn = for<'py> fn(Python<'py>, Sending) -> PyResult<Bound<'py, PyAny>>;

/// What the generator's task sends through.
#[pyclass(frozen, module = "sundown")]
pub(crate) struct ItemSender {
    send: Mutex<Option<mpsc::Sender<Item>>>,
    spawn: Spawn,
    with_errors: bool,
}

impl ItemSender {
    /// `spawn` runs what has to wait. `with_errors`: an exception is sent, too.
    pub(crate) fn new(send: mpsc::Sender<Item>, spawn: Spawn, with_errors: bool) -> Self {
        ItemSender { send: Mutex::new(Some(send)), spawn, with_errors }
    }

    fn sender(&self) -> Option<mpsc::Sender<Item>> {
        lock(&self.send).clone()
    }

    fn send_later<'py>(&self, py: Python<'py>, send: mpsc::Sender<Item>, item: Item) -> PyResult<Bound<'py, PyAny>> {
        (self.spawn)(py, Box::pin(async move { Ok(send.send(item).await.is_ok()) }))
    }
}

#[pymethods]
impl ItemSender {
    /// True: go on. False: the receiver is gone. Else to be awaited, for one of the two.
    fn send<'py>(&self, py: Python<'py>, item: Py<PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let answer = |go_on: bool| Ok(go_on.into_pyobject(py)?.to_owned().into_any());
        let Some(send) = self.sender() else { return answer(false) };
        match send.try_send(Ok(item)) {
            Ok(()) => answer(true),
            Err(TrySendError::Closed(_)) => answer(false),
            Err(TrySendError::Full(item)) => self.send_later(py, send, item),
        }
    }

    /// Whether the exception was sent.
    fn fail<'py>(&self, py: Python<'py>, error: Bound<'py, PyAny>) -> PyResult<bool> {
        let Some(send) = self.sender().filter(|_| self.with_errors) else { return Ok(false) };
        // It waits for its place behind the items; the stream ends after it.
        self.send_later(py, send, Err(PyErr::from_value(error)))?;
        Ok(true)
    }

    fn close(&self) {
        let sender = lock(&self.send).take();
        drop(sender);
    }
}
