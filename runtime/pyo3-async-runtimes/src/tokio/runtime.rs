//! The runtime, with the methods of tokio's that existing code calls.

use std::future::Future;
use std::ops::Deref;

use tokio::runtime::{EnterGuard, Handle};
use tokio::task::JoinHandle;

/// The extension module's own runtime. Existing code calls the methods of tokio's `Runtime` on it.
///
/// It is not that type: tokio's runtime cannot be stopped while anyone can borrow it, and this one is stopped before the
/// interpreter is. Where a `&tokio::runtime::Runtime` is asked for, [`handle`](Self::handle) mostly serves. The rest of
/// what it can do is in [`sundown::python::Runtime`], to which it dereferences.
#[derive(Debug)]
pub struct Runtime(());

/// The extension module's own runtime, started at the first use.
///
/// # Panics
///
/// If the runtime cannot be started: the OS gives no thread or no descriptor.
pub fn get_runtime<'a>() -> &'a Runtime {
    static RUNTIME: Runtime = Runtime(());
    &RUNTIME
}

impl Runtime {
    /// Runs a future to its end on this thread.
    ///
    /// As tokio's: it blocks, it is deaf to Ctrl-C, and whoever calls it while attached to the interpreter stops every
    /// other Python thread meanwhile. [`sundown::python::Runtime::block_on`] is neither.
    ///
    /// # Panics
    ///
    /// Inside an asynchronous context, and if the future panics.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle().block_on(future)
    }
}

impl Deref for Runtime {
    type Target = sundown::python::Runtime;

    fn deref(&self) -> &Self::Target {
        sundown::python::get_runtime()
    }
}
