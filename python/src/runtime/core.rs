//! One tokio runtime of a [`Runtime`](super::Runtime), with the tasks that it runs. A restart makes another.

use std::any::Any;
use std::borrow::Cow;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use sundown::{Tasks, Teardown};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::internal::plan::{Spec, Step};
use crate::internal::resource::owned::{Owned, Service};
use crate::internal::sync::lock;
use crate::internal::value::nodes::Node;
use crate::interpreter::closing;
use crate::interpreter::exit::{self, Live};
use crate::runtime::executor::{self, Executor, Workers};
use crate::runtime::settings::{Settings, Source};
use crate::runtime::teardown::{self, SPEC};
use crate::runtime::threads::{Listing, Threads};

/// What a runtime runs, until it is torn down.
pub(super) struct RuntimeCore {
    pub(super) settings: Arc<Settings>,
    handle: Handle,
    /// Dropped as soon as the runtime is requested to stop, as tokio does; what blocks a thread is waited for.
    pub(super) spawned: Tasks,
    /// Requested to stop by their token.
    pub(super) tasks: Tasks,
    pub(super) workers: Workers,
    /// Whether its threads list themselves.
    listed_at_start: bool,
}

impl RuntimeCore {
    /// Starts what `source` says.
    ///
    /// # Errors
    ///
    /// If the OS gives no threads or no descriptors.
    pub(super) fn start(source: &Source, settings: &Arc<Settings>) -> io::Result<Arc<Owned<Self>>> {
        let threads = Arc::new(Threads::new(!matches!(source, Source::Borrowed(_)), &settings.name, settings.location));
        let (executor, handle, listed_at_start) = match source {
            Source::Borrowed(runtime) => (Executor::Borrowed, runtime.handle().clone(), false),
            Source::Ours(recipe) => {
                let mut builder = recipe.builder(&settings.name);
                let listing = Arc::clone(&threads);
                builder.on_thread_start(move || listing.list_current());
                let (executor, handle) = executor::run(builder.build()?, settings, &threads)?;
                (executor, handle, true)
            }
            Source::Tokio(builder) => {
                let runtime = lock(builder).build()?;
                let (executor, handle) = executor::run(runtime, settings, &threads)?;
                (executor, handle, false)
            }
        };
        let runtime = RuntimeCore {
            settings: Arc::clone(settings),
            handle,
            spawned: Tasks::at(settings.location),
            tasks: Tasks::at(settings.location),
            workers: Workers::new(settings, threads, executor),
            listed_at_start,
        };
        let runtime = Owned::new(runtime, settings.location);
        if closing::has_begun() {
            // The exit may not have seen it. It stays as an empty shell, which refuses.
            runtime.stop();
        }
        Ok(runtime)
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The future itself if it was requested to stop.
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
        self.spawn_in(&self.spawned, name, location, future)
    }

    /// As [`spawn`](Self::spawn), in a group of somebody else's.
    pub(super) fn spawn_in<F>(
        &self,
        group: &Tasks,
        name: Cow<'static, str>,
        location: &'static Location<'static>,
        future: F,
    ) -> Result<JoinHandle<F::Output>, F>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let listing = Listing::new(self.to_list(), future);
        let spawned = group.spawn_at(name, location, listing, &self.handle);
        spawned.map_err(|closed| closed.into_inner().into_inner())
    }

    /// None if it was requested to stop.
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
        (!self.listed_at_start).then(|| Arc::clone(&self.workers.threads))
    }
}

impl Service for RuntimeCore {
    const SPEC: &'static Spec = &SPEC;
    const TYPE: &'static str = "sundown_python::Runtime";

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.settings.name)
    }

    fn timeout(&self) -> Option<Duration> {
        self.settings.timeout
    }

    fn steps(&self) -> Vec<Step<'_>> {
        teardown::steps(&self.spawned, &self.tasks, &self.workers)
    }

    fn stop(&self) {
        for group in [&self.spawned, &self.tasks] {
            group.close();
            group.cancel();
        }
        self.spawned.abort_present();
        self.workers.stop();
    }

    /// A shutdown on a thread of the runtime itself stops it when all else is done: it is one of the tasks that this drops.
    fn torn_down(&self) {
        if self.workers.threads.is_current() {
            self.workers.stop();
        }
    }

    fn owner(&self) -> Option<usize> {
        Some(self.workers.threads.owner.id())
    }

    fn unknown_workers(&self) -> usize {
        if self.listed_at_start {
            return 0;
        }
        self.handle.metrics().num_workers().saturating_sub(self.workers.threads.running())
    }

    fn at_exit(owned: Arc<Owned<Self>>) -> Option<Box<dyn Any>> {
        Some(exit::stopped_at_exit(owned))
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
