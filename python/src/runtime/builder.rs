//! How a runtime is made.

use std::io;
use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::install;
use crate::runtime::Runtime;
use crate::runtime::settings::{Recipe, Settings, Source};

/// What may be done with a [`Runtime`] after its shutdown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Restart {
    /// Nothing: each use raises `ShutdownError`.
    #[default]
    Never,
    /// The next use builds it anew, once the shutdown is over. While the shutdown runs, and when the interpreter exits,
    /// a use raises `ShutdownError`.
    OnUse,
}

/// Builds a [`Runtime`].
///
/// ```no_run
/// use std::time::Duration;
/// use sundown_python::{Restart, Runtime};
///
/// let runtime = Runtime::builder()
///     .name("fetcher")
///     .worker_threads(2)
///     .timeout(Duration::from_secs(2))
///     .restart(Restart::OnUse)
///     .build()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is made until `build`"]
pub struct Builder {
    source: Source,
    name: Option<String>,
    timeout: Option<Duration>,
    restart: Restart,
    cancel_at_main_end: bool,
}

impl Builder {
    pub(super) fn new(source: Source) -> Self {
        Builder { source, name: None, timeout: None, restart: Restart::Never, cancel_at_main_end: false }
    }

    /// The number of worker threads: as many as there are processors, if it is not called.
    ///
    /// # Panics
    ///
    /// If there are to be none, as [`tokio::runtime::Builder::worker_threads`] does.
    pub fn worker_threads(mut self, threads: usize) -> Self {
        assert!(threads > 0, "a runtime needs a worker thread");
        match &mut self.source {
            Source::Tokio(builder) => {
                crate::internal::sync::lock(builder).worker_threads(threads);
            }
            Source::Ours(recipe) => recipe.worker_threads = Some(threads),
            Source::Borrowed(_) => {}
        }
        self
    }

    /// One thread of ours drives all tasks. With a builder of tokio's this starts afresh: its settings are set aside.
    pub fn current_thread(mut self) -> Self {
        let mut recipe = match self.source {
            Source::Ours(recipe) => recipe,
            Source::Tokio(_) | Source::Borrowed(_) => Recipe::default(),
        };
        recipe.current_thread = true;
        self.source = Source::Ours(recipe);
        self
    }

    /// What its threads are called, in `top -H` and a leak check: the OS keeps 15 bytes. The runtime's name, if it is not
    /// called.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        match &mut self.source {
            Source::Tokio(builder) => {
                crate::internal::sync::lock(builder).thread_name(name.replace('\0', " "));
            }
            Source::Ours(recipe) => recipe.thread_name = Some(name),
            Source::Borrowed(_) => {}
        }
        self
    }

    /// What reports and errors call it.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The budget of its shutdown where the caller gives none: at exit, when it is dropped; five seconds, if it is not
    /// called. Inside another value, it is a bound within that one's budget; none, if it is not called.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// What may be done with it after its shutdown.
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// Whether the tasks that run when the main thread of Python ends are cancelled then, while other threads still work:
    /// those of [`tasks`](Runtime::tasks) by their token, all others by dropping them. Later ones run. Otherwise they go
    /// on until the interpreter exits, which waits for its non-daemon threads before.
    pub fn cancel_at_main_end(mut self, cancel: bool) -> Self {
        self.cancel_at_main_end = cancel;
        self
    }

    /// Makes the runtime, and starts its threads.
    ///
    /// # Errors
    ///
    /// If the OS gives no threads or no descriptors.
    #[track_caller]
    pub fn build(self) -> io::Result<Runtime> {
        self.build_at(Location::caller())
    }

    pub(super) fn build_at(self, location: &'static Location<'static>) -> io::Result<Runtime> {
        let settings = Settings {
            name: self.name.unwrap_or_else(|| "runtime".to_owned()),
            location,
            timeout: self.timeout,
            cancel_at_main_end: self.cancel_at_main_end,
        };
        if settings.cancel_at_main_end {
            install::stage_one_soon();
        }
        Runtime::start(self.source, settings, self.restart)
    }
}

/// A runtime that tokio's builder makes, in either flavor: a `current_thread` one is driven by a thread of ours.
///
/// The builder's `on_thread_start` and the like stay the user's. A thread is known to the exit, which interrupts the Python
/// code that it runs, from the first task of ours on.
impl From<tokio::runtime::Builder> for Builder {
    fn from(builder: tokio::runtime::Builder) -> Self {
        Builder::new(Source::Tokio(Arc::new(Mutex::new(builder))))
    }
}

/// A runtime of somebody else's: only our tasks on it are stopped.
impl From<&'static tokio::runtime::Runtime> for Builder {
    fn from(runtime: &'static tokio::runtime::Runtime) -> Self {
        Builder::new(Source::Borrowed(runtime))
    }
}

impl Default for Builder {
    fn default() -> Self {
        Builder::new(Source::Ours(Recipe::default()))
    }
}

impl Builder {
    /// As [`name`](Self::name), unless it was called.
    pub(super) fn or_name(mut self, name: &str) -> Self {
        self.name.get_or_insert_with(|| name.to_owned());
        self
    }

    /// The same again, for somebody who keeps this one.
    pub(super) fn again(&self) -> Self {
        Builder { source: self.source.clone(), name: self.name.clone(), ..*self }
    }

    /// What a forked child makes of it: it has none of its parent's threads, and must not wait for a lock that one of them
    /// may have held.
    pub(super) fn for_child(&self) -> Self {
        let source = match &self.source {
            Source::Tokio(builder) if builder.try_lock().is_ok() => Source::Tokio(Arc::clone(builder)),
            Source::Ours(recipe) => Source::Ours(recipe.clone()),
            Source::Tokio(_) | Source::Borrowed(_) => Source::Ours(Recipe::default()),
        };
        Builder { source, name: self.name.clone(), ..*self }
    }
}
