//! Who runs the tasks of a runtime: its threads, and how they end.

use std::io;
use std::sync::{Arc, Mutex};

use sundown::Thread;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio_util::sync::CancellationToken;

use crate::internal::host::user_threads::Owner;
use crate::internal::sync::lock;
use crate::runtime::settings::Settings;
use crate::runtime::threads::Threads;

/// The tokio runtime itself.
pub(super) struct Workers {
    settings: Arc<Settings>,
    pub(super) threads: Arc<Threads>,
    /// Cancelled before the threads stop: a `block_on` must not poll what needs them any more.
    pub(super) stopping: CancellationToken,
    executor: Mutex<Executor>,
}

impl Workers {
    pub(super) fn new(settings: &Arc<Settings>, threads: Arc<Threads>, executor: Executor) -> Self {
        Workers {
            settings: Arc::clone(settings),
            threads,
            stopping: CancellationToken::new(),
            executor: Mutex::new(executor),
        }
    }

    /// Requests the threads to stop, and waits for nothing. May be called on one of them.
    pub(super) fn stop(&self) {
        self.stopping.cancel();
        lock(&self.executor).stop();
    }

    /// As [`stop`](Self::stop), and returns the thread whose end is the end of the runtime; none if there is nothing to wait
    /// for.
    ///
    /// # Errors
    ///
    /// If there is no thread to wait with.
    pub(super) fn end(&self) -> io::Result<Option<Thread>> {
        self.stopping.cancel();
        lock(&self.executor).end(&self.settings)
    }

    /// Whether another owner stops the threads.
    pub(super) fn are_borrowed(&self) -> bool {
        matches!(*lock(&self.executor), Executor::Borrowed)
    }
}

/// Who runs the tasks.
pub(super) enum Executor {
    /// The workers of a multi-thread runtime.
    Owned(tokio::runtime::Runtime),
    /// A thread that drives a current-thread runtime until it is requested to stop, and then drops it; or one that only
    /// drops a multi-thread runtime: that waits for all threads of it.
    Thread(Thread),
    /// Another owner, who also stops it.
    Borrowed,
    /// It was requested to stop, and nothing waits for it.
    Stopped,
}

impl Executor {
    /// Requests it to stop, and waits for nothing. May be called on one of its own threads.
    fn stop(&mut self) {
        match std::mem::replace(self, Executor::Stopped) {
            Executor::Owned(runtime) => runtime.shutdown_background(),
            Executor::Thread(thread) => {
                thread.stop();
                *self = Executor::Thread(thread);
            }
            Executor::Borrowed => *self = Executor::Borrowed,
            Executor::Stopped => {}
        }
    }

    /// The thread whose end is the end of the runtime; none if there is nothing to wait for.
    ///
    /// # Errors
    ///
    /// If there is no thread to wait with. Then the runtime was requested to stop.
    fn end(&mut self, settings: &Settings) -> io::Result<Option<Thread>> {
        match std::mem::replace(self, Executor::Stopped) {
            Executor::Owned(runtime) => {
                let runtime = InBackground(Some(runtime));
                let name = format!("{} {}", crate::internal::resource::joiner::NAME, settings.name.replace('\0', " "));
                let thread = Thread::spawn_part(name, settings.location, Owner::new(), move |_| drop(runtime.take()))?;
                *self = Executor::Thread(thread.clone());
                Ok(Some(thread))
            }
            Executor::Thread(thread) => {
                thread.stop();
                *self = Executor::Thread(thread.clone());
                Ok(Some(thread))
            }
            Executor::Borrowed => {
                *self = Executor::Borrowed;
                Ok(None)
            }
            Executor::Stopped => Ok(None),
        }
    }
}

/// A current-thread runtime needs a thread to drive it; which kind a user's builder made is only known now.
pub(super) fn run(
    runtime: tokio::runtime::Runtime,
    settings: &Settings,
    threads: &Arc<Threads>,
) -> io::Result<(Executor, Handle)> {
    let handle = runtime.handle().clone();
    if handle.runtime_flavor() != RuntimeFlavor::CurrentThread {
        return Ok((Executor::Owned(runtime), handle));
    }
    let (runtime, threads) = (InBackground(Some(runtime)), Arc::clone(threads));
    let driver = Thread::spawn_part(settings.name.replace('\0', " "), settings.location, Owner::new(), move |stop| {
        threads.list_current();
        let runtime = runtime.take();
        runtime.block_on(stop.stopped());
        drop(runtime);
    })?;
    Ok((Executor::Thread(driver), handle))
}

/// A tokio runtime that is dropped without a wait, unless it is taken out.
struct InBackground(Option<tokio::runtime::Runtime>);

impl InBackground {
    fn take(mut self) -> tokio::runtime::Runtime {
        self.0.take().expect("it is taken once")
    }
}

impl Drop for InBackground {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
