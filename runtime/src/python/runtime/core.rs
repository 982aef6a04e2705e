//! One tokio runtime of a [`Runtime`](super::Runtime), with the tasks that it runs. A restart makes another.

use std::borrow::Cow;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::host::user_threads::Owner;
use crate::plan::{Spec, Step};
use crate::python::interpreter::closing;
use crate::python::interpreter::exit::{self, Live};
use crate::python::runtime::builder::Source;
use crate::python::runtime::teardown::{self, SPEC};
use crate::python::runtime::threads::{Listing, Threads};
use crate::resource::owned::{Owned, Service};
use crate::resource::{Tasks, Thread};
use crate::sync::lock;
use crate::teardown::Teardown;
use crate::value::nodes::Node;

/// What a runtime is called and how it ends, also after a restart.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) location: &'static Location<'static>,
    pub(super) timeout: Duration,
    pub(super) cancel_at_main_end: bool,
}

/// What a runtime runs, until it is torn down.
pub(super) struct RuntimeCore {
    pub(super) settings: Arc<Settings>,
    handle: Handle,
    /// Dropped as soon as the runtime is asked to stop, as tokio does; what blocks a thread is waited for.
    pub(super) spawned: Tasks,
    /// Asked by their token.
    pub(super) tasks: Tasks,
    pub(super) threads: Arc<Threads>,
    /// Cancelled before its threads are told to stop: whoever blocks on it must not poll what needs them any more.
    pub(super) stopping: CancellationToken,
    /// Whether its threads list themselves.
    listed_at_start: bool,
    pub(super) executor: Mutex<Executor>,
}

/// Who runs the tasks.
pub(super) enum Executor {
    /// The workers of a multi-thread runtime.
    Owned(tokio::runtime::Runtime),
    /// A thread that drives a current-thread runtime until it is asked to stop, and then drops it; or one that only drops
    /// a multi-thread runtime: that waits for all threads of it.
    Thread(Thread),
    /// Somebody else, who also stops it.
    Borrowed,
    /// It was asked to stop, and is not waited for.
    Stopped,
}

impl RuntimeCore {
    /// Starts what `source` says.
    ///
    /// # Errors
    ///
    /// If the OS gives no threads or no descriptors.
    pub(super) fn start(source: &Source, settings: &Arc<Settings>) -> io::Result<Arc<Owned<Self>>> {
        let threads = Arc::new(Threads::new(!matches!(source, Source::Borrowed(_))));
        let (executor, handle, listed_at_start) = match source {
            Source::Borrowed(runtime) => (Executor::Borrowed, runtime.handle().clone(), false),
            Source::Ours(recipe) => {
                let mut builder = recipe.builder(&settings.name);
                let listing = Arc::clone(&threads);
                builder.on_thread_start(move || listing.list_current());
                let (executor, handle) = run(builder.build()?, settings, &threads)?;
                (executor, handle, true)
            }
            Source::Tokio(builder) => {
                let runtime = lock(builder).build()?;
                let (executor, handle) = run(runtime, settings, &threads)?;
                (executor, handle, false)
            }
        };
        let runtime = RuntimeCore {
            settings: Arc::clone(settings),
            handle,
            spawned: Tasks::at(settings.location),
            tasks: Tasks::at(settings.location),
            threads,
            stopping: CancellationToken::new(),
            listed_at_start,
            executor: Mutex::new(executor),
        };
        let runtime = Owned::new(runtime, settings.location);
        let live: Weak<Owned<Self>> = Arc::downgrade(&runtime);
        exit::register(live);
        if closing::has_begun() {
            // The exit may not have seen it. It stays as an empty shell, which refuses.
            runtime.stop();
        }
        Ok(runtime)
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The future itself if it was asked to stop.
    pub(super) fn spawn<F>(
        &self,
        name: Cow<'static, str>,
        location: &'static Location<'static>,
        future: F,
    ) -> Result<JoinHandle<F::Output>, F>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let listing = Listing::new(self.to_list(), future);
        let spawned = self.spawned.spawn_at(name, location, listing, &self.handle);
        spawned.map_err(|closed| closed.into_inner().into_inner())
    }

    /// None if it was asked to stop.
    pub(super) fn spawn_blocking<F, T>(
        &self,
        name: Cow<'static, str>,
        location: &'static Location<'static>,
        f: F,
    ) -> Option<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let threads = self.to_list();
        let listed = move || {
            threads.inspect(Threads::list_current);
            f()
        };
        self.spawned.spawn_blocking_at(name, location, listed, &self.handle).ok()
    }

    fn to_list(&self) -> Option<Arc<Threads>> {
        (!self.listed_at_start).then(|| Arc::clone(&self.threads))
    }
}

/// A current-thread runtime needs a thread to drive it; which kind a user's builder made is only known now.
fn run(
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

/// A tokio runtime that is dropped without a wait, where nobody takes it out.
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

impl Executor {
    /// Asks it to stop, and waits for nothing. May be called on one of its own threads.
    pub(super) fn stop(&mut self) {
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

    /// The thread whose end is the end of the runtime; none if there is nobody to wait for.
    ///
    /// # Errors
    ///
    /// If there is no thread to wait with. The runtime was asked to stop then.
    pub(super) fn end(&mut self, settings: &Settings) -> io::Result<Option<Thread>> {
        match std::mem::replace(self, Executor::Stopped) {
            Executor::Owned(runtime) => {
                let runtime = InBackground(Some(runtime));
                let name = format!("{} {}", crate::resource::joiner::NAME, settings.name.replace('\0', " "));
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

impl Service for RuntimeCore {
    const SPEC: &'static Spec = &SPEC;
    const TYPE: &'static str = "sundown::python::Runtime";

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.settings.name)
    }

    fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    fn steps(&self) -> Vec<Step<'_>> {
        teardown::steps(self)
    }

    fn stop(&self) {
        for group in [&self.spawned, &self.tasks] {
            group.close();
            group.cancel();
        }
        self.spawned.abort_present();
        self.stopping.cancel();
        lock(&self.executor).stop();
    }

    /// A shutdown on a thread of the runtime itself stops it when all else is done: it is one of the tasks that this drops.
    fn torn_down(&self) {
        if self.threads.is_current() {
            lock(&self.executor).stop();
        }
    }
}

impl Live for Owned<RuntimeCore> {
    fn name(&self) -> String {
        self.settings.name.clone()
    }

    fn created(&self) -> &'static Location<'static> {
        self.settings.location
    }

    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
        Node::teardown(self)
    }

    fn cancel_at_main_end(&self) {
        if self.settings.cancel_at_main_end {
            self.tasks.cancel();
            self.spawned.abort_present();
        }
    }

    fn is_runtime(&self) -> bool {
        true
    }
}
