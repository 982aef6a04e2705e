//! `Tasks`: a group of tokio tasks that are stopped together.

mod ledger;
#[cfg(all(test, sundown_loom))]
mod models;
mod notes;
mod slots;
mod tally;
pub(in crate::resource) mod teardown;
mod trace;
mod tracked;

use std::any::Any;
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::future::TryFutureExt as _;
use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::driver::ended::DROPPED;
use crate::host::user_threads::Owner;
use crate::resource::fresh::Fresh;
use crate::sync::{lock, quietly};
use crate::teardown::outcome::panic_message;
use crate::teardown::{Failure, Outcome};
use crate::value::nodes::{self, Node, Registered};
use ledger::{Attached, Entered, Key, Ledger, Named, Waiting};
use notes::Noted;
use tally::Tally;
pub(crate) use tracked::is_tracked;
use tracked::{Look, Ticket, Told, Tracked, Unknown, Untold};

/// A group of tokio tasks, each with a name, that are stopped together.
///
/// A cheap handle: all clones are one group. As a [`Teardown`](crate::Teardown) it is asked by closing the group and
/// cancelling its [token](Self::token), has ended when every task has, and is forced by aborting those that are left. The
/// report names them, with the place where they were spawned.
///
/// A task that ends with its runtime, before it was done, has not stopped: whenever that was, the step has
/// [failed](crate::Outcome::Failed), and names it.
///
/// Tasks that panic are noted: since the group was closed, the step has [panicked](crate::Outcome::Panicked); before, the
/// report mentions it. Either way the [`JoinHandle`] has the payload, there is an error event, and the metric
/// `sundown_task_panics_total` counts.
///
/// So are tasks that return an `Err`: since the group was closed, the step has [failed](crate::Outcome::Failed); before, or
/// once the task was aborted, the report mentions it. The [`JoinHandle`] has the `Err`, and there is a warn event.
/// [`spawn`](Self::spawn) takes any future, so it finds the `Err` without its text, unless the output is an `io::Result<()>`
/// or a `Result<(), Box<dyn Error + Send + Sync>>`: the report says which `Result` it was. [`try_spawn`](Self::try_spawn)
/// reports the error itself.
///
/// Dropping the last handle requests the tasks to stop, as a shutdown does, and nobody waits for them. A task that does
/// not listen to the token runs on; [`registry::shutdown_all`](crate::registry::shutdown_all) still reaches it. A task
/// that owns a handle, to spawn others, keeps the group open.
///
/// ```
/// use sundown::{ShutdownGuard, Tasks, must_shutdown};
///
/// #[must_shutdown(timeout = "2s")]
/// struct Feeds {
///     #[shutdown]
///     tasks: Tasks,
///     guard: ShutdownGuard<Self>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let mut feeds = Feeds { tasks: Tasks::new(), guard: ShutdownGuard::new() };
/// let token = feeds.tasks.token();
/// feeds.tasks.spawn("poll", async move {
///     token.cancelled().await; // and whatever it does until then
/// }).unwrap();
/// feeds.shutdown().await.unwrap();
/// assert!(feeds.tasks.spawn("late", async {}).is_err());
/// # }
/// ```
#[derive(Clone)]
pub struct Tasks {
    group: Arc<Group>,
    /// None of what the registry has, which is nobody's handle.
    handle: Option<Arc<Handles>>,
}

/// All handles of a group: the last one drops it. The tasks have the group too.
struct Handles {
    group: Arc<Group>,
}

struct Group {
    ledger: Ledger<AbortHandle>,
    token: CancellationToken,
    panics: Mutex<Noted>,
    errors: Mutex<Noted>,
    /// Who was dropped by a runtime.
    dropped: Mutex<Tally>,
    /// Those of them that a supervisor is yet to hear of.
    fresh: Fresh<Outcome>,
    /// What the threads work for that run the tasks.
    owner: Arc<Owner>,
    created: Instant,
    location: &'static Location<'static>,
    registered: Registered,
}

impl Tasks {
    /// An empty, open group.
    #[track_caller]
    #[must_use]
    pub fn new() -> Self {
        Self::at(Location::caller())
    }

    /// An empty, open group for a value made at `location`: what a constructor that is `#[track_caller]` passes on.
    #[must_use]
    pub fn at(location: &'static Location<'static>) -> Self {
        let group = Arc::new_cyclic(|group: &Weak<Group>| Group {
            ledger: Ledger::new(),
            token: CancellationToken::new(),
            panics: Mutex::default(),
            errors: Mutex::default(),
            dropped: Mutex::default(),
            fresh: Fresh::new(),
            owner: Owner::called("Tasks", None, location),
            created: Instant::now(),
            location,
            registered: nodes::register(Weak::clone(group) as Weak<dyn Node>),
        });
        let handle = Some(Arc::new(Handles { group: Arc::clone(&group) }));
        Tasks { group, handle }
    }

    /// Spawns a task on the runtime around the caller.
    ///
    /// Reports call it by `name` and the caller's place. It is a task of the group until its future was dropped.
    ///
    /// # Errors
    ///
    /// If the group was closed: the error gives the future back. A task that was let in is waited for by everybody who
    /// waits for the group, whenever the group is closed.
    ///
    /// # Panics
    ///
    /// Outside a runtime, as [`tokio::spawn`] does.
    #[track_caller]
    pub fn spawn<F>(&self, name: impl Into<Cow<'static, str>>, future: F) -> Result<JoinHandle<F::Output>, Closed<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let named = Named::task(name.into(), Location::caller());
        let Some(entered) = self.group.ledger.enter(named) else { return Err(Closed::new(future)) };
        Ok(self.start::<_, Unknown>(future, &entered))
    }

    /// As [`spawn`](Self::spawn), for a task that may fail: the report has its error, with the sources.
    ///
    /// The [`JoinHandle`] has the error as a [`Failure`], which is shared with the report.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # use sundown::Tasks;
    /// let tasks = Tasks::new();
    /// let import = tasks.try_spawn("import", async { "12 rows".parse::<u32>() }).unwrap();
    /// let failure = import.await.unwrap().unwrap_err();
    /// assert!(failure.error().is::<std::num::ParseIntError>());
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the group was closed: the error gives the future back.
    ///
    /// # Panics
    ///
    /// Outside a runtime, as [`tokio::spawn`] does.
    #[track_caller]
    pub fn try_spawn<F, T, E>(
        &self,
        name: impl Into<Cow<'static, str>>,
        future: F,
    ) -> Result<JoinHandle<Result<T, Failure>>, Closed<F>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        let named = Named::task(name.into(), Location::caller());
        let Some(entered) = self.group.ledger.enter(named) else { return Err(Closed::new(future)) };
        Ok(self.start::<_, Told>(future.map_err(Failure::new), &entered))
    }

    /// As [`spawn`](Self::spawn), for a task that may be dropped at any `await` of it: that happens as soon as the group is
    /// requested to stop. It needs no token, and no `select!`; its [`JoinHandle`] then says that it was
    /// [cancelled](tokio::task::JoinError::is_cancelled), and the report that it has stopped.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # use sundown::{Tasks, Teardown as _};
    /// # use std::time::Duration;
    /// let tasks = Tasks::new();
    /// let ticker = tasks.spawn_until_stopped("ticker", async {
    ///     loop {
    ///         tokio::time::sleep(Duration::from_secs(1)).await;
    ///     }
    /// }).unwrap();
    /// (&tasks).request(&mut sundown::Progress::new("tasks"));
    /// tasks.wait().await;
    /// assert!(ticker.await.unwrap_err().is_cancelled());
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the group was closed: the error gives the future back.
    ///
    /// # Panics
    ///
    /// Outside a runtime, as [`tokio::spawn`] does.
    #[track_caller]
    pub fn spawn_until_stopped<F>(
        &self,
        name: impl Into<Cow<'static, str>>,
        future: F,
    ) -> Result<JoinHandle<F::Output>, Closed<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let named = Named { until_stopped: true, ..Named::task(name.into(), Location::caller()) };
        let Some(entered) = self.group.ledger.enter(named) else { return Err(Closed::new(future)) };
        Ok(self.start_until_stopped(future, &entered))
    }

    /// As [`spawn_until_stopped`](Self::spawn_until_stopped), for a task that works on the value that owns the group:
    /// `f` gets a [`Weak`] of it. So the value is dropped with its last user, which ends the task, and the [drop
    /// policy](crate::OnDrop) sees it.
    ///
    /// A task with an `Arc` of its own runner is a cycle: both live until the task ends by itself, and nothing tells of it
    /// but [`registry::snapshot`](crate::registry::snapshot). For the same reason the future upgrades for as long as it
    /// works, and not while it waits.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use sundown::{ShutdownGuard, Tasks, must_shutdown};
    ///
    /// #[must_shutdown(shared)]
    /// struct Runner {
    ///     #[shutdown]
    ///     tasks: Tasks,
    ///     guard: ShutdownGuard<Self>,
    /// }
    ///
    /// impl Runner {
    ///     fn start() -> Arc<Self> {
    ///         let runner = Arc::new(Runner { tasks: Tasks::new(), guard: ShutdownGuard::new() });
    ///         let spawned = runner.tasks.spawn_weak("poll", &runner, async |runner| {
    ///             while let Some(runner) = runner.upgrade() {
    ///                 runner.poll();
    ///                 drop(runner);
    ///                 tokio::time::sleep(Duration::from_secs(1)).await;
    ///             }
    ///         });
    ///         spawned.expect("it is open");
    ///         runner
    ///     }
    ///
    ///     fn poll(&self) {}
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let runner = Runner::start();
    /// assert_eq!(Arc::strong_count(&runner), 1);
    /// runner.shutdown().await.unwrap();
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the group was closed: the error gives the closure back.
    ///
    /// # Panics
    ///
    /// Outside a runtime, as [`tokio::spawn`] does.
    #[track_caller]
    pub fn spawn_weak<T, C, F>(
        &self,
        name: impl Into<Cow<'static, str>>,
        owner: &Arc<T>,
        f: C,
    ) -> Result<JoinHandle<F::Output>, Closed<C>>
    where
        T: ?Sized,
        C: FnOnce(Weak<T>) -> F,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let named = Named { until_stopped: true, ..Named::task(name.into(), Location::caller()) };
        let Some(entered) = self.group.ledger.enter(named) else { return Err(Closed::new(f)) };
        let entered = Entering { group: &self.group, entered: Some(entered) };
        let future = f(Arc::downgrade(owner));
        Ok(self.start_until_stopped(future, &entered.done()))
    }

    /// As [`spawn`](Self::spawn), on `runtime`.
    ///
    /// # Errors
    ///
    /// If the group was closed: the error gives the future back.
    #[track_caller]
    pub fn spawn_on<F>(
        &self,
        name: impl Into<Cow<'static, str>>,
        future: F,
        runtime: &Handle,
    ) -> Result<JoinHandle<F::Output>, Closed<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_in::<_, Unknown>(name.into(), Location::caller(), future, runtime)
    }

    /// As [`spawn_on`](Self::spawn_on), for a caller that `location` stands for. The text of an `Err` is not asked for,
    /// which might need the interpreter that the caller has to do with.
    #[doc(hidden)]
    pub fn spawn_at<F>(
        &self,
        name: Cow<'static, str>,
        location: &'static Location<'static>,
        future: F,
        runtime: &Handle,
    ) -> Result<JoinHandle<F::Output>, Closed<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_in::<_, Untold>(name, location, future, runtime)
    }

    fn spawn_in<F, L>(
        &self,
        name: Cow<'static, str>,
        location: &'static Location<'static>,
        future: F,
        runtime: &Handle,
    ) -> Result<JoinHandle<F::Output>, Closed<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
        L: Look<F::Output> + 'static,
    {
        let named = Named::task(name, location);
        let Some(entered) = self.group.ledger.enter(named) else { return Err(Closed::new(future)) };
        // One that was shut down drops it at once, here: its context tells the task whose doing that is.
        let _around = is_elsewhere(runtime).then(|| runtime.enter());
        let task = runtime.spawn(Tracked::<_, L>::new(trace::traceable(future), self.ticket(&entered)));
        self.attach(&entered, task.abort_handle());
        Ok(task)
    }

    /// Runs `f`, which may block, on a thread of tokio's blocking pool.
    ///
    /// Once it runs it cannot be aborted: it should look at the group's [token](Self::token) now and then. One that is
    /// still waiting for a thread when the group is forced is never run.
    ///
    /// # Errors
    ///
    /// If the group was closed: the error gives the closure back.
    ///
    /// # Panics
    ///
    /// Outside a runtime, as [`tokio::task::spawn_blocking`] does.
    #[track_caller]
    pub fn spawn_blocking<F, T>(&self, name: impl Into<Cow<'static, str>>, f: F) -> Result<JoinHandle<T>, Closed<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let runtime = Handle::current();
        self.spawn_blocking_in::<_, _, Unknown>(name.into(), Location::caller(), f, &runtime)
    }

    /// As [`spawn_blocking`](Self::spawn_blocking), on `runtime`, for a caller that `location` stands for. The text of
    /// an `Err` is not asked for.
    #[doc(hidden)]
    pub fn spawn_blocking_at<F, T>(
        &self,
        name: Cow<'static, str>,
        location: &'static Location<'static>,
        f: F,
        runtime: &Handle,
    ) -> Result<JoinHandle<T>, Closed<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_blocking_in::<_, _, Untold>(name, location, f, runtime)
    }

    fn spawn_blocking_in<F, T, L>(
        &self,
        name: Cow<'static, str>,
        location: &'static Location<'static>,
        f: F,
        runtime: &Handle,
    ) -> Result<JoinHandle<T>, Closed<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        L: Look<T> + 'static,
    {
        let named = Named { blocking: true, ..Named::task(name, location) };
        let Some(entered) = self.group.ledger.enter(named) else { return Err(Closed::new(f)) };
        let _around = is_elsewhere(runtime).then(|| runtime.enter());
        let task = runtime.spawn_blocking(tracked::blocking::<_, L>(f, self.ticket(&entered)));
        self.attach(&entered, task.abort_handle());
        Ok(task)
    }

    #[track_caller]
    fn start<F, L>(&self, future: F, entered: &Entered) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
        L: Look<F::Output> + 'static,
    {
        let task = tokio::spawn(Tracked::<_, L>::new(trace::traceable(future), self.ticket(entered)));
        self.attach(entered, task.abort_handle());
        task
    }

    #[track_caller]
    fn start_until_stopped<F>(&self, future: F, entered: &Entered) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let task = self.start::<_, Unknown>(future, entered);
        // A group that is cancelled and not closed lets tasks in; its cancellation sees those that are there.
        if self.group.token.is_cancelled() {
            self.group.abort_until_stopped();
        }
        task
    }

    fn ticket(&self, entered: &Entered) -> Ticket {
        Ticket::new(Arc::clone(&self.group), entered.key)
    }

    /// Until here the task may have ended, and the group may have been aborted.
    fn attach(&self, entered: &Entered, abort: AbortHandle) {
        if let Attached::Abort(abort) = self.group.ledger.attach(entered, abort) {
            abort.abort();
        }
    }

    /// As [`spawn`](Self::spawn), for a caller that `location` stands for.
    #[cfg(feature = "http")]
    pub(in crate::resource) fn spawn_from<F>(
        &self,
        name: Cow<'static, str>,
        location: &'static Location<'static>,
        future: F,
    ) -> Result<JoinHandle<F::Output>, Closed<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_in::<_, Unknown>(name, location, future, &Handle::current())
    }

    /// What renames its tasks.
    #[cfg(feature = "http")]
    pub(in crate::resource) fn renaming(&self) -> Renaming {
        Renaming(Arc::clone(&self.group))
    }

    /// A token that is cancelled when the group is asked to stop. It is a child of the group's: cancelling it stops only
    /// what listens to it and its clones.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.group.token.child_token()
    }

    /// Ready when the group is asked to stop. Costs less than a token of one's own.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and made anew.
    pub async fn cancelled(&self) {
        self.group.token.cancelled().await;
    }

    /// Lets no more tasks in, for good. Those that run are not told; [`request`](crate::Teardown::request) tells them.
    pub fn close(&self) {
        self.group.ledger.close();
    }

    /// Cancels the group's [token](Self::token), and still lets tasks in.
    #[doc(hidden)]
    pub fn cancel(&self) {
        self.group.abort_until_stopped();
        self.group.token.cancel();
        self.group.abort_until_stopped(); // those that were let in between the two
    }

    /// Aborts the tasks that run now, and still lets others in.
    #[doc(hidden)]
    pub fn abort_present(&self) {
        self.group.ledger.abort_present().iter().for_each(AbortHandle::abort);
    }

    /// Whether the group lets no more tasks in.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.group.ledger.is_closed()
    }

    /// How many tasks there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.group.ledger.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the tasks are called and where they were spawned, by name.
    #[must_use]
    pub fn names(&self) -> Vec<TaskInfo> {
        let mut names: Vec<_> = self.group.ledger.all().into_iter().map(TaskInfo::from).collect();
        names.sort();
        names
    }

    /// Ready when the group was closed and its last task has ended. A task of the group that awaits this waits for
    /// itself.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and made anew.
    pub async fn wait(&self) {
        Empty { group: &self.group, waiting: Waiting::default() }.await;
    }
}

impl Default for Tasks {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.group, f)
    }
}

/// Whether another runtime than this is around the caller. Not in the destructors of a thread's locals, where none can be
/// entered, and none is.
fn is_elsewhere(runtime: &Handle) -> bool {
    Handle::try_current().is_ok_and(|around| around.id() != runtime.id())
}

impl Group {
    /// Closes the group, and requests its tasks to stop.
    fn request(&self) {
        self.ledger.close();
        // Before the token: an `Err` that one returns because of that is no failure.
        self.abort_until_stopped();
        self.token.cancel();
    }

    /// Drops what ends as soon as the group is requested to stop.
    fn abort_until_stopped(&self) {
        self.ledger.abort_until_stopped().iter().for_each(AbortHandle::abort);
    }

    /// A task ends because its runtime does.
    fn dropped(&self, task: TaskInfo) {
        crate::observe::task_dropped(task.name(), task.location());
        if !self.ledger.is_closed() {
            self.fresh.add(Outcome::Failed(Failure::new(format!("{DROPPED}: {task}"))));
        }
        lock(&self.dropped).add(task);
    }

    /// A task returned an error.
    fn failed(&self, key: Key, failure: &Failure) {
        let Some(task) = self.ledger.named(key).map(TaskInfo::from) else { return };
        // Its text is the user's.
        let text = catch_unwind(AssertUnwindSafe(|| failure.to_string()));
        let error =
            text.unwrap_or_else(|payload| format!("an error without a text, which {}", Outcome::caught(payload)));
        if self.ledger.is_aborted(key) {
            // What ended it may be what it was aborted for: had the abort been a moment earlier, there were no error.
            lock(&self.errors).note(false, format!("{task}: {error}, as it was aborted"));
        } else {
            let is_stopping = self.ledger.is_closed();
            let text = format!("{task}: {error}");
            if !is_stopping {
                self.fresh.add(Outcome::Failed(Failure::new(text.clone())));
            }
            lock(&self.errors).note(is_stopping, text);
        }
        crate::observe::task_failed(task.name(), task.location(), &error);
    }

    fn panicked(&self, key: Key, payload: &(dyn Any + Send)) {
        let Some(task) = self.ledger.named(key).map(TaskInfo::from) else { return };
        // Its future is dropped before it was ready; that is not its runtime's doing.
        self.ledger.explain(key);
        let message = panic_message(payload);
        let is_stopping = self.ledger.is_closed();
        let text = format!("{task}: {message}");
        if !is_stopping {
            self.fresh.add(Outcome::Panicked { message: text.clone() });
        }
        lock(&self.panics).note(is_stopping, text);
        crate::observe::task_panicked(task.name(), task.location(), &message);
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        if self.group.registered.is_inherited() {
            // The tasks are in the parent of this fork, and locks may be held forever: these are never dropped.
            std::mem::forget((Arc::clone(&self.group), self.handle.take()));
        }
    }
}

/// Nobody is left who could shut the group down.
impl Drop for Handles {
    fn drop(&mut self) {
        // The wakers are a user's, or their executor's; this may be the drop of a thread-local.
        quietly(|| self.group.request());
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks")
            .field("created", &format_args!("{}", self.location))
            .field("len", &self.ledger.len())
            .field("closed", &self.ledger.is_closed())
            .finish()
    }
}

/// A task that was let in, and whose future a user's closure is to make: if that panics there is none.
struct Entering<'a> {
    group: &'a Group,
    entered: Option<Entered>,
}

impl Entering<'_> {
    fn done(mut self) -> Entered {
        self.entered.take().expect("it is taken here alone")
    }
}

impl Drop for Entering<'_> {
    fn drop(&mut self) {
        if let Some(entered) = &self.entered {
            self.group.ledger.leave(entered.key);
        }
    }
}

/// Ready when the group is closed and empty.
struct Empty<'a> {
    group: &'a Group,
    waiting: Waiting,
}

impl Future for Empty<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.group.ledger.poll_empty(&mut this.waiting, cx)
    }
}

impl Drop for Empty<'_> {
    fn drop(&mut self) {
        self.group.ledger.stop_waiting(&self.waiting);
    }
}

/// What a task is called and where it was spawned. `Display` prints "`name` (file:line:column)".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskInfo {
    name: Cow<'static, str>,
    location: &'static Location<'static>,
}

impl TaskInfo {
    /// The name that it was spawned with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it was spawned.
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }
}

impl From<Named> for TaskInfo {
    fn from(named: Named) -> Self {
        TaskInfo { name: named.name, location: named.location }
    }
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({})", self.name, self.location)
    }
}

/// Renames the tasks of a group, from within. It is no handle, so they may have it.
#[cfg(feature = "http")]
#[derive(Clone)]
pub(in crate::resource) struct Renaming(Arc<Group>);

#[cfg(feature = "http")]
impl Renaming {
    /// The task that the caller is part of has this name from now on, if it is one of the group.
    pub(in crate::resource) fn current(&self, name: impl FnOnce() -> Cow<'static, str>) -> bool {
        let Some(key) = tracked::current(&self.0) else { return false };
        drop(self.0.ledger.rename(key, name()));
        true
    }
}

/// A task was not spawned, because its group is closed. It gives back what was to be spawned.
///
/// `Send`, `Sync` and `'static` for all that can be spawned, so that `tasks.spawn(…)?` converts it into the error of
/// any function.
#[derive(thiserror::Error)]
#[error("the group of tasks is closed")]
pub struct Closed<F>(Mutex<F>); // never locked: a lock is `Sync` where what is in it is `Send`

impl<F> Closed<F> {
    fn new(spawned: F) -> Self {
        Closed(Mutex::new(spawned))
    }

    /// The future or the closure that was to be spawned.
    pub fn into_inner(self) -> F {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> fmt::Debug for Closed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed").finish_non_exhaustive()
    }
}
