//! What the package that stands in for pyo3-async-runtimes needs beyond the public API: tokio's signatures, which know of
//! no refusal. What is refused behaves as on a runtime that was shut down: its tasks are cancelled.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;

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
