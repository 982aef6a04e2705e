//! `Runtime`: a tokio runtime that its owner can stop, wherever the last handle of it ends.
//!
//! A handle is one pointer. Behind it is the core of now ([`mod@self::core`]); a restart puts another in its place. In a
//! forked child the core is out of reach, and forgotten instead of dropped.

mod builder;
mod core;
mod default;
mod executor;
mod settings;
mod teardown;
mod threads;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::marker::Ungil;
use pyo3::prelude::*;
use sundown::{Report, TaskInfo, Tasks};
use tokio::runtime::{EnterGuard, Handle};
use tokio::task::{AbortHandle, JoinHandle};

use self::core::RuntimeCore;
use crate::error::ShutdownError;
use crate::install;
use crate::internal::driver::{self, Driver};
use crate::internal::host::fork::Inheritable;
use crate::internal::resource::owned::Owned;
use crate::internal::sync::lock;
use crate::interpreter::exceptions::ShutdownError as PyShutdownError;
use crate::interpreter::exit::Live;
use crate::interpreter::{block_on, closing, exceptions, polling};
use settings::{Settings, Source};

pub use builder::{Builder, Restart};
pub(super) use default::made;
pub use default::{get_runtime, init, init_with_runtime};

/// A tokio runtime that can be stopped: by [`shutdown`](Self::shutdown), as a field of an annotated struct, at the exit of
/// the interpreter, or by the drop of its last handle.
///
/// A cheap handle: all clones are one runtime. What [`spawn`](Self::spawn) and the bridge have spawned is dropped as soon
/// as it is asked to stop, as tokio does; what blocks a thread is waited for. Tasks that are to end by themselves belong
/// into [`tasks`](Self::tasks). When the shutdown is over its threads are gone, or the report says which are not.
///
/// The last handle may be dropped anywhere: attached or not, on one of its own threads, inside another runtime, at exit.
/// Nothing is waited for then; the runtime is asked to stop and torn down in the background, within its own budget.
///
/// In a forked child a runtime of the parent raises `ForkedProcessError`; only the [module-wide](get_runtime) one is made
/// anew.
///
/// ```no_run
/// use pyo3::prelude::*;
/// use sundown_python::Runtime;
///
/// #[pyclass]
/// struct Client {
///     runtime: Runtime,
/// }
///
/// #[pymethods]
/// impl Client {
///     #[new]
///     fn new() -> PyResult<Self> {
///         Ok(Client { runtime: Runtime::builder().name("client").build()? })
///     }
///
///     fn get(&self, py: Python<'_>, url: &str) -> PyResult<String> {
///         self.runtime.block_on(py, async { format!("the page at {url}") })
///     }
/// }
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Arc<Settings>,
    restart: Restart,
    state: Inheritable<State>,
}

struct State {
    source: Source,
    core: Mutex<Arc<Owned<RuntimeCore>>>,
}

impl Runtime {
    /// A multi-thread runtime with all drivers, as [`tokio::runtime::Runtime::new`] makes it.
    ///
    /// ```no_run
    /// let runtime = sundown_python::Runtime::new()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the OS gives no threads or no descriptors.
    #[track_caller]
    pub fn new() -> io::Result<Self> {
        Builder::default().build()
    }

    /// A builder, for more or fewer threads, names, another budget.
    ///
    /// ```no_run
    /// let runtime = sundown_python::Runtime::builder().name("feeds").current_thread().build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn start(source: Source, settings: Settings, restart: Restart) -> io::Result<Self> {
        let settings = Arc::new(settings);
        let core = Mutex::new(RuntimeCore::start(&source, &settings)?);
        let state = Inheritable::new(State { source, core });
        Ok(Runtime { inner: Arc::new(Inner { settings, restart, state }) })
    }

    /// What reports and errors call it.
    ///
    /// ```no_run
    /// let runtime = sundown_python::Runtime::builder().name("feeds").build()?;
    /// assert_eq!(runtime.name(), "feeds");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.settings.name
    }

    /// Spawns a task, which is dropped as soon as the runtime is asked to stop. Reports call it "task", and by the caller's
    /// place.
    ///
    /// ```no_run
    /// # fn example(runtime: &sundown_python::Runtime) -> pyo3::PyResult<()> {
    /// let task = runtime.spawn(async { 6 * 7 })?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// `ShutdownError` if the runtime was asked to stop, or the interpreter exits; `ForkedProcessError` in a forked child.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> PyResult<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_at(Cow::Borrowed("task"), Location::caller(), future)
    }

    /// As [`spawn`](Self::spawn), with a name for reports.
    ///
    /// ```no_run
    /// # fn example(runtime: &sundown_python::Runtime) -> pyo3::PyResult<()> {
    /// runtime.spawn_named("heartbeat", std::future::pending::<()>())?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    #[track_caller]
    pub fn spawn_named<F>(&self, name: impl Into<Cow<'static, str>>, future: F) -> PyResult<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_at(name.into(), Location::caller(), future)
    }

    fn spawn_at<F>(
        &self,
        name: Cow<'static, str>,
        location: &'static Location<'static>,
        future: F,
    ) -> PyResult<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let core = self.live("spawn")?;
        core.spawn(name, location, future).map_err(|_| self.refusal("spawn"))
    }

    /// Runs `f`, which may block, on a thread of the blocking pool. Once it runs it cannot be aborted: a shutdown waits for
    /// it within the budget, and names it when it is late. One that still waits for a thread is never run then.
    ///
    /// ```no_run
    /// # fn example(runtime: &sundown_python::Runtime) -> pyo3::PyResult<()> {
    /// let read = runtime.spawn_blocking(|| std::fs::read("/etc/hostname"))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    #[track_caller]
    pub fn spawn_blocking<F, T>(&self, f: F) -> PyResult<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_blocking_at(Cow::Borrowed("blocking task"), Location::caller(), f)
    }

    /// As [`spawn_blocking`](Self::spawn_blocking), with a name for reports.
    ///
    /// ```no_run
    /// # fn example(runtime: &sundown_python::Runtime) -> pyo3::PyResult<()> {
    /// let read = runtime.spawn_blocking_named("hostname", || std::fs::read("/etc/hostname"))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    #[track_caller]
    pub fn spawn_blocking_named<F, T>(&self, name: impl Into<Cow<'static, str>>, f: F) -> PyResult<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_blocking_at(name.into(), Location::caller(), f)
    }

    fn spawn_blocking_at<F, T>(
        &self,
        name: Cow<'static, str>,
        location: &'static Location<'static>,
        f: F,
    ) -> PyResult<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let core = self.live("spawn_blocking")?;
        core.spawn_blocking(name, location, f).ok_or_else(|| self.refusal("spawn_blocking"))
    }

    /// The tasks that are asked to stop by their token and waited for, within half of the budget; then those that are left
    /// are aborted. They are spawned [inside the runtime](Self::enter), or with
    /// [`spawn_on`](Tasks::spawn_on) and its [handle](Self::handle).
    ///
    /// ```no_run
    /// # fn example(runtime: &sundown_python::Runtime) -> pyo3::PyResult<()> {
    /// let tasks = runtime.tasks()?;
    /// let stop = tasks.token();
    /// let flusher = async move {
    ///     stop.cancelled().await;
    ///     // and flush
    /// };
    /// tasks.spawn_on("flusher", flusher, &runtime.handle()?).ok();
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    pub fn tasks(&self) -> PyResult<Tasks> {
        Ok(self.live("tasks")?.tasks.clone())
    }

    /// The tokio handle, for what needs one, and for its metrics. What is spawned with it is not tracked: the end of the
    /// runtime drops it. Instead of its `block_on` there is [`Runtime::block_on`], which signals and the exit interrupt.
    ///
    /// ```no_run
    /// # fn example(runtime: &sundown_python::Runtime) -> pyo3::PyResult<()> {
    /// println!("{} tasks", runtime.handle()?.metrics().num_alive_tasks());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    pub fn handle(&self) -> PyResult<Handle> {
        Ok(self.live("handle")?.handle().clone())
    }

    /// Enters the runtime on this thread, for what looks for one around it: timers, sockets, `tokio::spawn`.
    ///
    /// ```no_run
    /// # fn example(runtime: &sundown_python::Runtime) -> pyo3::PyResult<()> {
    /// let entered = runtime.enter()?;
    /// let sleep = tokio::time::sleep(std::time::Duration::from_secs(1));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    ///
    /// # Panics
    ///
    /// tokio panics when guards are not dropped in the reverse order of their making.
    pub fn enter(&self) -> PyResult<Entered> {
        Ok(Entered::new(self.live("enter")?))
    }

    /// What runs now, by name and place.
    ///
    /// ```no_run
    /// # fn example(runtime: &sundown_python::Runtime) -> pyo3::PyResult<()> {
    /// runtime.running()?.iter().for_each(|task| println!("{task}"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// `ForkedProcessError` in a forked child.
    pub fn running(&self) -> PyResult<Vec<TaskInfo>> {
        let core = self.core().ok_or_else(|| self.forked())?;
        let mut all = core.spawned.names();
        all.extend(core.tasks.names());
        all.sort();
        Ok(all)
    }

    /// Runs `future` on the calling thread, detached from the interpreter, inside the runtime.
    ///
    /// On Python's main thread a signal is an event: its handler runs at once, and if it raises (Ctrl-C), or cancels the
    /// asyncio task around the caller, the future is dropped and the exception returned. The exit of the interpreter
    /// interrupts too. A future that is ready at its first poll costs a fraction of a microsecond.
    ///
    /// The future may borrow; where it is not `Send`, use [`block_on_local`](Self::block_on_local).
    ///
    /// Existing code that waits by `py.detach(|| runtime.handle()?.block_on(future))` works, and is detached too. tokio's
    /// `block_on` knows nothing of signals and of the exit: Ctrl-C is raised when it returns, a shutdown of the runtime does
    /// not end it, and the exit waits for it only if its thread is not a daemon.
    ///
    /// ```no_run
    /// use pyo3::prelude::*;
    /// use sundown_python::Runtime;
    ///
    /// fn length(py: Python<'_>, runtime: &Runtime, path: &str) -> PyResult<usize> {
    ///     Ok(runtime.block_on(py, async { tokio::time::sleep(std::time::Duration::from_secs(1)).await; path.len() })?)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// What a signal handler raised; `CancelledError` if it cancelled the task around the caller; `RuntimePanic` if the
    /// future panicked; `RuntimeError` on a thread that drives async tasks, where nothing may block; `ShutdownError` if
    /// the interpreter exits, or the runtime was shut down before the future was ready; `ForkedProcessError` in a forked
    /// child.
    pub fn block_on<F>(&self, py: Python<'_>, future: F) -> PyResult<F::Output>
    where
        F: Future + Ungil,
    {
        self.block(py, future)
    }

    /// As [`block_on`](Self::block_on), for a future that is not `Send`: it must own what it uses, because nothing else
    /// tells that it has no `Python<'py>` with it, which is of no use detached.
    ///
    /// ```no_run
    /// use std::rc::Rc;
    /// use pyo3::prelude::*;
    /// use sundown_python::Runtime;
    ///
    /// fn count(py: Python<'_>, runtime: &Runtime) -> PyResult<usize> {
    ///     let shared = Rc::new(());
    ///     runtime.block_on_local(py, async move { Rc::strong_count(&shared) })
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`block_on`](Self::block_on).
    pub fn block_on_local<F>(&self, py: Python<'_>, future: F) -> PyResult<F::Output>
    where
        F: Future + 'static,
    {
        self.block(py, future)
    }

    fn block<F: Future>(&self, py: Python<'_>, future: F) -> PyResult<F::Output> {
        install::ensure(py)?;
        let core = self.live("block_on")?;
        block_on::block_on(py, core.handle(), future, core.workers.stopping.cancelled(), || self.refusal("block_on"))
    }

    /// Stops the runtime within `timeout`, or within its [own budget](Builder::timeout). A call at the same time or
    /// later gets the same report. Called by one of its own tasks it cannot wait for its threads: the report says so.
    ///
    /// ```no_run
    /// # async fn example(runtime: sundown_python::Runtime) {
    /// println!("{}", runtime.shutdown(std::time::Duration::from_secs(2)).await.unwrap());
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If anything did not stop by itself. Tasks that `spawn` has spawned and that were dropped are none of it.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again: the teardown goes on where it stopped.
    pub async fn shutdown(&self, timeout: impl Into<Option<Duration>>) -> Result<Report, ShutdownError> {
        let Some(core) = self.core() else { return self.inherited() };
        // Its own timer stops with it.
        let within = Handle::try_current().is_ok_and(|around| around.id() == core.handle().id());
        let driver = if within {
            polling::outlive_runtime();
            Driver::asynchronous_without_tokio()
        } else {
            Driver::asynchronous()
        };
        Ok(driver::run(&driver, core.shutdown(timeout.into(), &driver)).await?)
    }

    /// As [`shutdown`](Self::shutdown), blocking this thread, detached from the interpreter.
    ///
    /// ```no_run
    /// use pyo3::prelude::*;
    ///
    /// fn close(py: Python<'_>, runtime: &sundown_python::Runtime) {
    ///     println!("{}", runtime.shutdown_blocking(py, None).unwrap());
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown).
    pub fn shutdown_blocking(
        &self,
        py: Python<'_>,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Report, ShutdownError> {
        let Some(core) = self.core() else { return self.inherited() };
        let timeout = timeout.into();
        Ok(py.detach(|| core.shutdown_blocking(timeout))?)
    }

    /// Its tokio handle, also while it is shut down; none in a forked child.
    pub(super) fn tokio(&self) -> Option<Handle> {
        Some(self.core()?.handle().clone())
    }

    /// What the exit knows its core by; none in a forked child.
    pub(super) fn live_id(&self) -> Option<usize> {
        Some(Live::id(&*self.core()?))
    }

    fn inherited(&self) -> Result<Report, ShutdownError> {
        Report::new(self.name().to_owned())
            .step("Runtime", teardown::inherited(), Duration::ZERO)
            .into_result()
            .map_err(ShutdownError::from)
    }

    /// The core of now; none in a forked child.
    fn core(&self) -> Option<Arc<Owned<RuntimeCore>>> {
        Some(Arc::clone(&lock(&self.inner.state.get()?.core)))
    }

    /// The core of now, made anew where it was shut down and the policy says so.
    fn live(&self, what: &str) -> PyResult<Arc<Owned<RuntimeCore>>> {
        // It may have been made before the interpreter was.
        install::soon();
        let core = self.core().ok_or_else(|| self.forked())?;
        if closing::has_begun() {
            return Err(closing::refuse(what));
        }
        if core.is_live() {
            return Ok(core);
        }
        self.restarted(&core).ok_or_else(|| self.refusal(what))?
    }

    /// None where a restart is not to be.
    #[cold]
    fn restarted(&self, before: &Arc<Owned<RuntimeCore>>) -> Option<PyResult<Arc<Owned<RuntimeCore>>>> {
        let state = self.inner.state.get()?;
        if self.inner.restart == Restart::Never || !before.has_ended() {
            return None;
        }
        // Made outside the lock: tokio calls a user's `thread_name_fn`. Of several callers one is first.
        let made = match RuntimeCore::start(&state.source, &self.inner.settings) {
            Ok(made) => made,
            Err(error) => return Some(Err(error.into())),
        };
        let mut core = lock(&state.core);
        if Arc::ptr_eq(&core, before) {
            *core = made;
        }
        Some(Ok(Arc::clone(&core)))
    }

    fn forked(&self) -> PyErr {
        exceptions::forked_err(&format!("the runtime `{}`", self.name()))
    }

    /// Why nothing is spawned.
    pub(crate) fn refusal(&self, what: &str) -> PyErr {
        if self.inner.state.is_inherited() {
            return self.forked();
        }
        if closing::has_begun() {
            return closing::refuse(what);
        }
        PyShutdownError::new_err(format!("the runtime `{}` was shut down: `{what}` is refused", self.name()))
    }

    /// The runtime of the bridge's functions.
    #[track_caller]
    pub(crate) fn for_bridge(py: Python<'_>) -> PyResult<&'static Runtime> {
        Self::for_bridge_at(py, Location::caller())
    }

    /// As [`for_bridge`](Self::for_bridge), for a user's code in this place: a report of the runtime names it.
    pub(crate) fn for_bridge_at(py: Python<'_>, caller: &'static Location<'static>) -> PyResult<&'static Runtime> {
        install::ensure(py)?;
        Ok(default::get_at(caller)?)
    }

    /// The task of a bridged future: dropped when the runtime is asked to stop. The future itself, if it was.
    pub(crate) fn spawn_bridged<F>(
        &self,
        name: &'static str,
        location: &'static Location<'static>,
        future: F,
    ) -> Result<AbortHandle, F>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Some(core) = self.core() else { return Err(future) };
        let spawned = match core.spawn(Cow::Borrowed(name), location, future) {
            Ok(task) => Ok(task),
            Err(future) => match self.live(name) {
                Ok(core) => core.spawn(Cow::Borrowed(name), location, future),
                Err(_) => Err(future),
            },
        };
        spawned.map(|task| task.abort_handle())
    }

    /// As [`spawn_bridged`](Self::spawn_bridged), in a group of its own, which its owner stops. The end of the runtime
    /// drops it too.
    pub(crate) fn spawn_bridged_in<F>(
        &self,
        group: &Tasks,
        name: &'static str,
        location: &'static Location<'static>,
        future: F,
    ) -> Result<AbortHandle, F>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Ok(core) = self.live(name) else { return Err(future) };
        let spawned = core.spawn_in(group, Cow::Borrowed(name), location, future);
        spawned.map(|task| task.abort_handle())
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Runtime");
        text.field("name", &self.name()).field("created", &format_args!("{}", self.inner.settings.location));
        if let Some(core) = self.core() {
            text.field("phase", &core.phase());
        }
        text.finish_non_exhaustive()
    }
}

impl Drop for State {
    fn drop(&mut self) {
        Arc::clone(self.core.get_mut().unwrap_or_else(PoisonError::into_inner)).release();
    }
}

/// While it lives this thread is inside a [`Runtime`]; see [`Runtime::enter`].
#[must_use = "the runtime is left when this is dropped"]
pub struct Entered {
    /// Dropped first.
    _guard: EnterGuard<'static>,
    /// What the guard borrows from.
    _core: Arc<Owned<RuntimeCore>>,
}

impl Entered {
    #[allow(unsafe_code, reason = "a guard together with what it borrows from")]
    fn new(core: Arc<Owned<RuntimeCore>>) -> Self {
        let guard = core.handle().enter();
        // SAFETY: the handle lies in the core, which is not moved and not changed while this has a share in it, and the
        // guard is dropped before that share.
        let guard = unsafe { std::mem::transmute::<EnterGuard<'_>, EnterGuard<'static>>(guard) };
        Entered { _guard: guard, _core: core }
    }
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}
