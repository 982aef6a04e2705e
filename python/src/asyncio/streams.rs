//! A Python async generator as a Rust stream.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::Stream;
use pyo3::prelude::*;
use tokio::sync::mpsc;

use crate::asyncio::into_py::future_into_py_with_locals;
use crate::asyncio::into_rust;
use crate::asyncio::locals::{TaskLocals, get_current_locals};
use crate::bridge::glue;
use crate::bridge::item_sender::{Item, ItemSender, Sending};

/// What an async generator yields, one item ahead; an exception that it raises is the last item.
///
/// It runs on the event loop of [`get_current_locals`], as one task. Dropping the stream closes the generator.
///
/// # Errors
///
/// As [`into_future`](crate::into_future).
pub fn into_stream_v1(generator: Bound<'_, PyAny>) -> PyResult<impl Stream<Item = PyResult<Py<PyAny>>> + Send + use<>> {
    into_stream_with_locals_v1(get_current_locals(generator.py())?, generator)
}

/// As [`into_stream_v1`], on the loop of `locals`.
///
/// # Errors
///
/// As [`into_future`](crate::into_future).
pub fn into_stream_with_locals_v1(
    locals: TaskLocals,
    generator: Bound<'_, PyAny>,
) -> PyResult<impl Stream<Item = PyResult<Py<PyAny>>> + Send + use<>> {
    v1(&locals, generator, false)
}

/// What an async generator yields, ten items ahead. An exception that it raises ends the stream, and is reported by the
/// loop's exception handler.
///
/// Else as [`into_stream_v1`].
///
/// # Errors
///
/// As [`into_future`](crate::into_future).
pub fn into_stream_v2(generator: Bound<'_, PyAny>) -> PyResult<impl Stream<Item = Py<PyAny>> + Send + use<>> {
    into_stream_with_locals_v2(get_current_locals(generator.py())?, generator)
}

/// As [`into_stream_v2`], on the loop of `locals`.
///
/// # Errors
///
/// As [`into_future`](crate::into_future).
pub fn into_stream_with_locals_v2(
    locals: TaskLocals,
    generator: Bound<'_, PyAny>,
) -> PyResult<impl Stream<Item = Py<PyAny>> + Send + use<>> {
    v2(&locals, generator, false)
}

/// `now`: the generator begins before the first poll.
pub(crate) fn v1(
    locals: &TaskLocals,
    generator: Bound<'_, PyAny>,
    now: bool,
) -> PyResult<impl Stream<Item = PyResult<Py<PyAny>>> + Send + use<>> {
    Items::of(locals, generator, 1, true, now)
}

/// As [`v1`].
pub(crate) fn v2(
    locals: &TaskLocals,
    generator: Bound<'_, PyAny>,
    now: bool,
) -> PyResult<impl Stream<Item = Py<PyAny>> + Send + use<>> {
    Ok(Values(Items::of(locals, generator, 10, false, now)?))
}

/// The task in Python that sends the items.
type Forwarding = Pin<Box<dyn Future<Output = PyResult<Py<PyAny>>> + Send>>;

/// The items, and the task that forwards them.
struct Items {
    received: mpsc::Receiver<Item>,
    /// None once it has ended; dropping it cancels the task.
    forwarding: Option<Forwarding>,
    /// What ended the task, and was not sent by it: a cancellation, the end of its loop.
    failed: Option<PyErr>,
}

impl Items {
    fn of(
        locals: &TaskLocals,
        generator: Bound<'_, PyAny>,
        ahead: usize,
        with_errors: bool,
        now: bool,
    ) -> PyResult<Self> {
        let py = generator.py();
        let (send, received) = mpsc::channel(ahead);
        let sender = ItemSender::new(send, spawn, with_errors);
        let task = glue::get(py)?.forward.bind(py).call1((generator, sender))?;
        let asked = into_rust::ask_for(locals, task)?;
        let forwarding = if now { asked.begun()? } else { asked };
        Ok(Items { received, forwarding: Some(Box::pin(forwarding)), failed: None })
    }
}

/// Has what waits for room in the channel run on the default runtime, with a Python future on the running loop: the
/// generator's, because its task asks for this.
fn spawn(py: Python<'_>, sending: Sending) -> PyResult<Bound<'_, PyAny>> {
    future_into_py_with_locals(py, TaskLocals::with_running_loop(py)?, sending)
}

impl Stream for Items {
    type Item = PyResult<Py<PyAny>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(Some(item)) = self.received.poll_recv(cx) {
            return Poll::Ready(Some(item));
        }
        if let Some(forwarding) = &mut self.forwarding
            && let Poll::Ready(ended) = forwarding.as_mut().poll(cx)
        {
            self.forwarding = None;
            if let Err(error) = ended {
                self.failed = Some(error);
                // Its sender may live on in the frame of the task.
                self.received.close();
            }
        }
        // The task may have sent its last item just before it ended.
        match self.received.poll_recv(cx) {
            // It has nothing more to send; how it ends is yet to be seen.
            Poll::Ready(None) if self.forwarding.is_some() => Poll::Pending,
            Poll::Ready(None) => Poll::Ready(self.failed.take().map(Err)),
            received => received,
        }
    }
}

/// Without the errors.
struct Values(Items);

impl Stream for Values {
    type Item = Py<PyAny>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(cx).map(|item| item.and_then(Result::ok))
    }
}
