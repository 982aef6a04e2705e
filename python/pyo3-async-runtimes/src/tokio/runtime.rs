//! The runtime, with the methods of tokio's that existing code calls.

use std::future::Future;
use std::ops::Deref;

use sundown_python::__rt::python as rt;
use tokio::runtime::{EnterGuard, Handle, RuntimeMetrics};
use tokio::task::JoinHandle;

/// The extension module's own runtime, with the methods of tokio's `Runtime` that take it by reference.
///
/// It is not that type: tokio's runtime cannot be stopped while anyone may borrow it, and this one is stopped before the
/// interpreter is. What else it can do is in [`sundown_python::Runtime`], to which it dereferences.
///
/// Once it was shut down, and while the interpreter exits, what is spawned is cancelled at once, as on a runtime of tokio's
/// that has ended.
#[derive(Debug)]
pub struct Runtime(());

/// The extension module's own runtime, started at the first use.
#[must_use]
pub fn get_runtime<'a>() -> &'a Runtime {
    static RUNTIME: Runtime = Runtime(());
    &RUNTIME
}

impl Runtime {
    /// Spawns a task, which is dropped when the interpreter exits.
    ///
    /// # Panics
    ///
    /// If the runtime cannot be started: the OS gives no threads or no descriptors. So does every method here.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        sundown_python::Runtime::spawn(self, future).unwrap_or_else(|_| rt::refused())
    }

    /// Runs `f` where it may block. The exit of the interpreter waits for it, within its budget.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        sundown_python::Runtime::spawn_blocking(self, f).unwrap_or_else(|_| rt::refused())
    }

    /// Runs a future to its end on this thread.
    ///
    /// As tokio's: it is deaf to Ctrl-C, and called while attached to the interpreter it stops every other Python thread
    /// meanwhile. [`sundown_python::Runtime::block_on`] does neither.
    ///
    /// # Panics
    ///
    /// Inside an asynchronous context; if the future panics; if it uses a timer or a socket once the runtime was shut down.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle().block_on(future)
    }

    /// The handle. What is spawned with it is not tracked: the end of the runtime drops it.
    #[must_use]
    #[track_caller]
    pub fn handle(&self) -> &Handle {
        rt::handle()
    }

    /// Enters the runtime on this thread.
    #[track_caller]
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle().enter()
    }

    /// tokio's figures.
    #[must_use]
    #[track_caller]
    pub fn metrics(&self) -> RuntimeMetrics {
        self.handle().metrics()
    }
}

impl Deref for Runtime {
    type Target = sundown_python::Runtime;

    fn deref(&self) -> &Self::Target {
        sundown_python::get_runtime()
    }
}
