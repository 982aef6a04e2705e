//! One tokio runtime of a [`Runtime`](super::Runtime), with the tasks that it runs. A restart makes another.

use std::borrow::Cow;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::super::exit::{self, Live};
use super::builder::Source;
use super::teardown::{self, SPEC};
use super::threads::{Listing, Threads};
use crate::host::user_threads::Owner;
use crate::resource::{Tasks, Thread};
use crate::sync::lock;
use crate::teardown::Teardown;
use crate::value::Phase;
use crate::value::entry::Entry;
use crate::value::nodes::{self, Node, Registered};

/// What a runtime is called and how it ends, whichever engine it has.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) location: &'static Location<'static>,
    pub(super) timeout: Duration,
    pub(super) cancel_at_main_end: bool,
}

pub(super) struct Engine {
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
    pub(super) core: Mutex<Core>,
    pub(super) entry: Arc<Entry>,
    registered: Registered,
}

/// Who runs the tasks.
pub(super) enum Core {
    /// The workers of a multi-thread runtime.
    Owned(tokio::runtime::Runtime),
    /// A thread that drives a current-thread runtime until it is asked to stop, and then drops it; or one that only drops
    /// a multi-thread runtime: that waits for all threads of it.
    Thread(Thread),
    /// Somebody else, who also stops it.
    Borrowed,
    /// It was told to stop, and nobody waits for it.
    Told,
}

impl Engine {
    /// Starts what `source` says.
    ///
    /// # Errors
    ///
    /// If the OS gives no threads or no descriptors.
    pub(super) fn start(source: &Source, settings: &Arc<Settings>) -> io::Result<Arc<Self>> {
        crate::host::exit::watch();
        let threads = Arc::new(Threads::new(!matches!(source, Source::Borrowed(_))));
        let (core, handle, listed_at_start) = match source {
            Source::Borrowed(runtime) => (Core::Borrowed, runtime.handle().clone(), false),
            Source::Ours(recipe) => {
                let mut builder = recipe.builder(&settings.name);
                let listing = Arc::clone(&threads);
                builder.on_thread_start(move || listing.list_current());
                let (core, handle) = run(builder.build()?, settings, &threads)?;
                (core, handle, true)
            }
            Source::Tokio(builder) => {
                let runtime = lock(builder).build()?;
                let (core, handle) = run(runtime, settings, &threads)?;
                (core, handle, false)
            }
        };
        let engine = Arc::new_cyclic(|engine: &Weak<Self>| Engine {
            settings: Arc::clone(settings),
            handle,
            spawned: Tasks::at(settings.location),
            tasks: Tasks::at(settings.location),
            threads,
            stopping: CancellationToken::new(),
            listed_at_start,
            core: Mutex::new(core),
            entry: Arc::new(Entry::new(&SPEC, "sundown::python::Runtime", settings.location)),
            registered: nodes::register(Weak::clone(engine) as Weak<dyn Node>),
        });
        let live: Weak<Engine> = Arc::downgrade(&engine);
        exit::register(live);
        if exit::is_closing() {
            // The exit may not have seen it. It stays as an empty shell, which refuses.
            engine.end_at_once();
        }
        Ok(engine)
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Whether its shutdown has not begun.
    pub(super) fn is_live(&self) -> bool {
        self.entry.phase() == Phase::Live
    }

    /// Whether its shutdown is over, however it ended.
    pub(super) fn has_ended(&self) -> bool {
        self.entry.result().is_some()
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

    /// What runs is told to stop, and nobody waits for it.
    fn end_at_once(&self) {
        for group in [&self.spawned, &self.tasks] {
            group.close();
            group.cancel();
        }
        self.spawned.abort_present();
        self.stopping.cancel();
        lock(&self.core).tell();
    }

    /// The last handle is gone: what runs is asked to stop, and waited for by the reaper, so that the caller never is.
    pub(super) fn release(self: Arc<Self>) {
        if self.has_ended() {
            return;
        }
        if crate::host::exit::is_exiting() {
            // No thread is started now. Its own drop tells it to stop.
            return;
        }
        // Without a reaper the job is dropped, and this with it.
        let _ = crate::value::reaper::submit(|drive| async move {
            // Its result is in the events; there is nobody else to be told.
            let _ = teardown::run(&self, self.settings.timeout, &drive).await;
        });
    }
}

/// A current-thread runtime needs a thread to drive it; which kind a user's builder made is only known now.
fn run(runtime: tokio::runtime::Runtime, settings: &Settings, threads: &Arc<Threads>) -> io::Result<(Core, Handle)> {
    let handle = runtime.handle().clone();
    if handle.runtime_flavor() != RuntimeFlavor::CurrentThread {
        return Ok((Core::Owned(runtime), handle));
    }
    let (runtime, threads) = (InBackground(Some(runtime)), Arc::clone(threads));
    let driver = Thread::spawn_part(settings.name.replace('\0', " "), settings.location, Owner::new(), move |stop| {
        threads.list_current();
        let runtime = runtime.take();
        runtime.block_on(stop.stopped());
        drop(runtime);
    })?;
    Ok((Core::Thread(driver), handle))
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

impl Core {
    /// Tells it to stop, and waits for nothing. May be called on one of its own threads.
    pub(super) fn tell(&mut self) {
        match std::mem::replace(self, Core::Told) {
            Core::Owned(runtime) => runtime.shutdown_background(),
            Core::Thread(thread) => {
                thread.stop();
                *self = Core::Thread(thread);
            }
            Core::Borrowed => *self = Core::Borrowed,
            Core::Told => {}
        }
    }

    /// The thread whose end is the end of the runtime; none if there is nobody to wait for.
    ///
    /// # Errors
    ///
    /// If there is no thread to wait with. The runtime was told to stop then.
    pub(super) fn end(&mut self, settings: &Settings) -> io::Result<Option<Thread>> {
        match std::mem::replace(self, Core::Told) {
            Core::Owned(runtime) => {
                let runtime = InBackground(Some(runtime));
                let name = format!("{} {}", crate::resource::joiner::NAME, settings.name.replace('\0', " "));
                let thread = Thread::spawn_part(name, settings.location, Owner::new(), move |_| drop(runtime.take()))?;
                *self = Core::Thread(thread.clone());
                Ok(Some(thread))
            }
            Core::Thread(thread) => {
                thread.stop();
                *self = Core::Thread(thread.clone());
                Ok(Some(thread))
            }
            Core::Borrowed => {
                *self = Core::Borrowed;
                Ok(None)
            }
            Core::Told => Ok(None),
        }
    }
}

impl Drop for Engine {
    /// What nobody has shut down is told to stop, and not waited for.
    fn drop(&mut self) {
        if !self.has_ended() {
            self.end_at_once();
        }
    }
}

impl Node for Engine {
    fn name(&self) -> String {
        format!("Runtime `{}`", self.settings.name)
    }

    fn location(&self) -> &'static Location<'static> {
        self.settings.location
    }

    fn created(&self) -> Instant {
        self.entry.created
    }

    fn phase(&self) -> Phase {
        self.entry.phase()
    }

    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
        (!self.has_ended()).then(|| Box::new(self) as Box<dyn Teardown + Send>)
    }
}

impl Live for Engine {
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
