//! What the package that stands in for pyo3-async-runtimes needs beyond the public API: awaitables that begin at once; and
//! tokio's signatures, which know of no refusal. What is refused behaves as on a runtime that was shut down: its tasks are
//! cancelled.

use std::future::Future;
use std::sync::OnceLock;

use futures_util::stream::Stream;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;

use crate::asyncio::locals::{TaskLocals, get_current_locals};
use crate::asyncio::{into_rust, streams};
use crate::internal::host::fork::PerProcess;
use crate::runtime::get_runtime;

/// The handle of the module-wide runtime, borrowed as tokio's `Runtime::handle` lends it. That of a runtime that has ended
/// if the interpreter exits, or it was shut down.
#[track_caller]
pub fn handle() -> &'static Handle {
    static HANDLE: PerProcess<OnceLock<Handle>> = PerProcess::new(OnceLock::new);
    if let Some(handle) = HANDLE.get().get() {
        return handle;
    }
    match get_runtime().handle() {
        Ok(handle) => HANDLE.get().get_or_init(|| handle),
        Err(_) => ended(),
    }
}

/// As [`into_future`](crate::into_future); the awaitable begins now, and not at the first poll: code that waits for a
/// sign of it first and awaits it then relies on this.
///
/// # Errors
///
/// As there.
pub fn into_future(awaitable: Bound<'_, PyAny>) -> PyResult<impl Future<Output = PyResult<Py<PyAny>>> + Send + use<>> {
    into_future_with_locals(&into_rust::locals_for(&awaitable)?, awaitable)
}

/// As [`into_future`], on the loop and in the context of `locals`.
///
/// # Errors
///
/// As [`into_future`](crate::into_future).
pub fn into_future_with_locals(
    locals: &TaskLocals,
    awaitable: Bound<'_, PyAny>,
) -> PyResult<impl Future<Output = PyResult<Py<PyAny>>> + Send + use<>> {
    into_rust::ask_for(locals, awaitable)?.begun()
}

/// As [`into_stream_v1`](crate::into_stream_v1); the generator begins now.
///
/// # Errors
///
/// As there.
pub fn into_stream_v1(generator: Bound<'_, PyAny>) -> PyResult<impl Stream<Item = PyResult<Py<PyAny>>> + Send + use<>> {
    into_stream_with_locals_v1(get_current_locals(generator.py())?, generator)
}

/// As [`into_stream_v1`], on the loop of `locals`.
///
/// # Errors
///
/// As there.
pub fn into_stream_with_locals_v1(
    locals: TaskLocals,
    generator: Bound<'_, PyAny>,
) -> PyResult<impl Stream<Item = PyResult<Py<PyAny>>> + Send + use<>> {
    streams::v1(&locals, generator, true)
}

/// As [`into_stream_v2`](crate::into_stream_v2); the generator begins now.
///
/// # Errors
///
/// As there.
pub fn into_stream_v2(generator: Bound<'_, PyAny>) -> PyResult<impl Stream<Item = Py<PyAny>> + Send + use<>> {
    into_stream_with_locals_v2(get_current_locals(generator.py())?, generator)
}

/// As [`into_stream_v2`], on the loop of `locals`.
///
/// # Errors
///
/// As there.
pub fn into_stream_with_locals_v2(
    locals: TaskLocals,
    generator: Bound<'_, PyAny>,
) -> PyResult<impl Stream<Item = Py<PyAny>> + Send + use<>> {
    streams::v2(&locals, generator, true)
}

/// A task that was cancelled before it began.
pub fn refused<T: Send + 'static>() -> JoinHandle<T> {
    ended().spawn(std::future::pending())
}

/// Of a runtime without a thread and without a descriptor, which has ended.
fn ended() -> &'static Handle {
    static ENDED: PerProcess<OnceLock<Handle>> = PerProcess::new(OnceLock::new);
    ENDED.get().get_or_init(|| {
        let runtime = Builder::new_current_thread().build().expect("it needs nothing of the OS");
        let handle = runtime.handle().clone();
        runtime.shutdown_background();
        handle
    })
}
