//! `Process`: a child process in a process group of its own; on Windows, in a job.

mod group;
mod output;

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::panic::Location;
use std::pin::pin;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, Weak};
use std::time::Instant;

use futures_util::future::{Either, select};
use process_wrap::tokio::ChildWrapper;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::runtime::{self, Handle};

use crate::driver::Driver;
use crate::host::fork::Inheritable;
use crate::resource::joiner::Joiner;
use crate::sync::lock;
use crate::sync::slot::Slot;
use crate::teardown::by_ref::teardown_by_ref;
use crate::teardown::{Ended, Failure, Outcome, Progress, Teardown, Wait, Watch};
use crate::value::Phase;
use crate::value::nodes::{self, Node, Registered};
use group::Group;
use output::Output;

/// A child process in a process group of its own, so that what it starts is stopped with it. Feature `process`; Linux,
/// macOS, FreeBSD, and Windows.
///
/// A cheap handle: all clones are one child. As a [`Teardown`](Teardown) it is asked by SIGTERM to the whole group (and
/// SIGCONT, for one that is stopped), has ended when every process of the group has and the child was reaped, and is forced
/// by SIGKILL to the whole group. The exit status is in the report, whatever it is, and so are the names of who was killed.
/// A process that leaves the group, as a daemon does, is not followed: [`spawn_tree`](Self::spawn_tree) is for such.
/// [`with_request`](Self::with_request) says how else it is asked.
///
/// Once it was requested to stop, its wait reads the output that the command has piped and nobody has taken: a child that
/// writes to a full pipe does not end. The last line of its error output is in the report, the rest is dropped.
///
/// Dropping the last handle of a child that runs kills the group, and the reaper thread reaps the child: one that ignored a
/// mere request would outlive this process. Nobody waits for it.
///
/// # On Windows
///
/// It is a job, which no process leaves, and which the OS kills when this process ends, however that may be. The child
/// is asked by CTRL_BREAK to a console group of its own: that reaches those that share the console of this process, and
/// ends those that have no handler for it. It is forced by the end of the job; the exit code is 1. Ctrl-C at the console
/// does not reach the child, as SIGINT of a terminal does not reach another process group. The creation flags of the
/// command are replaced. A process without a console, as a service is, takes
/// [`ProcessRequest::CloseStdin`]; its report says that CTRL_BREAK could not be sent.
///
/// ```
/// use sundown::{Process, ShutdownGuard, must_shutdown};
/// use tokio::process::Command;
///
/// #[must_shutdown(timeout = "2s")]
/// struct Worker {
///     #[shutdown]
///     process: Process,
///     guard: ShutdownGuard<Self>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let mut command = Command::new("sleep");
/// command.arg("60");
/// let mut worker = Worker { process: Process::spawn("worker", command)?, guard: ShutdownGuard::new() };
/// let report = worker.shutdown().await.unwrap();
/// # #[cfg(unix)]
/// assert_eq!(report.find("Worker.process").unwrap().detail(), Some("signal: 15 (SIGTERM)"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Process {
    inner: Arc<Inner>,
}

struct Inner {
    name: Cow<'static, str>,
    group: Group,
    child: Mutex<Child>,
    /// What nobody has taken of it. One wait at a time reads it.
    output: Inheritable<Slot<Output>>,
    /// The runtime that it was started in, which has an I/O driver.
    runtime: runtime::Id,
    location: &'static Location<'static>,
    created: Instant,
    registered: Registered,
}

/// Signals are sent and the child is reaped under one lock: until it was reaped, its zombie keeps the group's id from
/// being given to somebody else.
struct Child {
    wrapper: Option<Box<dyn ChildWrapper>>,
    request: ProcessRequest,
    requested: bool,
    status: Option<ExitStatus>,
}

/// How a [`Process`] is requested to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProcessRequest {
    /// SIGTERM to the process group, and SIGCONT; on Windows, CTRL_BREAK to the console group.
    #[default]
    Signal,
    /// Closes the child's standard input, which the command has to pipe, and which nobody must have taken by
    /// [`Process::stdin`]: for a child that reads until the end of its input, and for one on Windows that has no console.
    CloseStdin,
}

impl Process {
    /// Starts `command` in a process group of its own. Reports call it by `name`.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with its I/O driver, as [`Command::spawn`] does.
    #[track_caller]
    pub fn spawn(name: impl Into<Cow<'static, str>>, command: Command) -> io::Result<Self> {
        Ok(Self::new(name.into(), Group::spawn(command)?, Location::caller()))
    }

    /// Starts `command`, and follows all that descends from it, also what leaves its process group: a daemon, what `setsid`
    /// or a shell's job control starts. As [`spawn`](Self::spawn) otherwise; it has ended when all of them have. The report
    /// says of those outside the group whether they have ended or were killed.
    ///
    /// | | who is found |
    /// |---|---|
    /// | Linux | who is in the group; who has the variable `SUNDOWN_TREE`, which is set for `command`, in its environment; whose parent is one of them; who was once. It needs no privileges, and signals no id that another process may have by then |
    /// | Windows | all: a job is a tree, and `spawn` is the same |
    /// | macOS, FreeBSD | who is in the group: `spawn` is the same. They have no descriptor of a foreign process to send a signal by |
    ///
    /// On Linux a process escapes if its parent has ended, it has left the group, and its environment cannot be read: it was
    /// started without it (`env -i`), has written over it (as nginx does for its title), or runs as another user. Each look
    /// reads the environments of the processes of this user that are younger than its first tree: use it where something
    /// may leave the group.
    ///
    /// A process of a tree may start trees of its own. They are parts of it.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    ///
    /// # Panics
    ///
    /// As [`spawn`](Self::spawn).
    ///
    /// ```
    /// # #[cfg(unix)]
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
    /// use sundown::{Process, ShutdownGuard, must_shutdown};
    /// use tokio::process::Command;
    ///
    /// #[must_shutdown(timeout = "10s")]
    /// struct Database {
    ///     #[shutdown]
    ///     server: Process,
    ///     guard: ShutdownGuard<Self>,
    /// }
    ///
    /// let mut command = Command::new("sh");
    /// command.args(["-c", "setsid sleep 1000 & setsid sleep 1000 & wait"]);
    /// let server = Process::spawn_tree("server", command)?;
    /// let report = Database { server, guard: ShutdownGuard::new() }.shutdown().await.unwrap();
    /// # #[cfg(target_os = "linux")]
    /// println!("{report}"); // … outside its group: ended `sleep` (1234), `sleep` (1235)
    /// # Ok(())
    /// # }
    /// # #[cfg(not(unix))] fn main() {}
    /// ```
    #[track_caller]
    pub fn spawn_tree(name: impl Into<Cow<'static, str>>, command: Command) -> io::Result<Self> {
        Ok(Self::new(name.into(), Group::spawn_tree(command)?, Location::caller()))
    }

    fn new(
        name: Cow<'static, str>,
        (wrapper, group): (Box<dyn ChildWrapper>, Group),
        location: &'static Location<'static>,
    ) -> Self {
        let inner = Arc::new_cyclic(|inner: &Weak<Inner>| Inner {
            name,
            group,
            child: Mutex::new(Child {
                wrapper: Some(wrapper),
                request: ProcessRequest::Signal,
                requested: false,
                status: None,
            }),
            output: Inheritable::new(Slot::new(Output::default())),
            runtime: Handle::current().id(),
            location,
            created: Instant::now(),
            registered: nodes::register(Weak::clone(inner) as Weak<dyn Node>),
        });
        Process { inner }
    }

    /// How it is requested to stop, by whatever handle.
    ///
    /// ```no_run
    /// # async fn run() -> std::io::Result<()> {
    /// use std::process::Stdio;
    /// use sundown::{Process, ProcessRequest};
    /// use tokio::process::Command;
    ///
    /// let mut command = Command::new("sort");
    /// command.stdin(Stdio::piped());
    /// let sort = Process::spawn("sort", command)?.with_request(ProcessRequest::CloseStdin);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "this is the handle of the child, which is killed when the last one is dropped"]
    pub fn with_request(self, request: ProcessRequest) -> Self {
        lock(&self.inner.child).request = request;
        self
    }

    /// The name that it was started with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The id of the child, and of its process group; `None` once it was reaped.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        lock(&self.inner.child).status.is_none().then_some(self.inner.group.id())
    }

    /// The exit status, once it was reaped: by a teardown, or by [`wait`](Self::wait).
    #[must_use]
    pub fn status(&self) -> Option<ExitStatus> {
        lock(&self.inner.child).status
    }

    /// Waits until every process of the group, or the tree, has ended, and reaps the child.
    ///
    /// # Errors
    ///
    /// If the group cannot be watched.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with its I/O driver.
    pub async fn wait(&self) -> io::Result<ExitStatus> {
        if let Some(status) = self.status() {
            return Ok(status);
        }
        self.inner.group.ended(|| self.status().is_none()).await?;
        self.inner.reap()
    }

    /// The child's input, if the command piped it; only once.
    pub fn stdin(&self) -> Option<ChildStdin> {
        lock(&self.inner.child).wrapper.as_mut()?.stdin().take()
    }

    /// The child's output, if the command piped it; only once, and not after a teardown has begun to read it.
    pub fn stdout(&self) -> Option<ChildStdout> {
        lock(&self.inner.child).wrapper.as_mut()?.stdout().take()
    }

    /// The child's error output, if the command piped it; only once, and not after a teardown has begun to read it.
    pub fn stderr(&self) -> Option<ChildStderr> {
        lock(&self.inner.child).wrapper.as_mut()?.stderr().take()
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("name", &self.name())
            .field("id", &self.inner.group.id())
            .field("created", &format_args!("{}", self.inner.location))
            .field("status", &self.status())
            .finish()
    }
}

impl Inner {
    /// Asks all of them, unless the child was reaped.
    fn request(&self) -> io::Result<()> {
        let mut child = lock(&self.child);
        let first = !std::mem::replace(&mut child.requested, true);
        let (request, ended) = (child.request, child.status.is_some());
        let Some(wrapper) = child.wrapper.as_mut().filter(|_| !ended) else { return Ok(()) };
        match request {
            ProcessRequest::Signal => self.group.request(&**wrapper),
            ProcessRequest::CloseStdin => {
                let input = wrapper.stdin().take();
                drop(child); // closing it runs tokio's code
                match input {
                    None if first => Err(io::Error::other("its standard input was not piped, or was taken")),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Kills all of them, unless the child was reaped.
    fn kill(&self) -> io::Result<()> {
        let mut child = lock(&self.child);
        let ended = child.status.is_some();
        child.wrapper.as_mut().filter(|_| !ended).map_or(Ok(()), |wrapper| self.group.kill(&mut **wrapper))
    }

    /// Whether there is output that nobody has taken, of a child that was requested to stop.
    fn has_unread(&self, output: &mut Output) -> bool {
        let mut child = lock(&self.child);
        if child.requested
            && let Some(wrapper) = &mut child.wrapper
        {
            output.take(&mut **wrapper);
        }
        !output.is_empty()
    }

    /// Waits, and meanwhile reads the output that nobody has taken. On Windows only in a runtime: its threads read there.
    async fn reading<R>(&self, ended: impl Future<Output = R>) -> R {
        let mut ended = pin!(ended);
        let Some(output) = self.output.get().filter(|_| cfg!(unix) || Handle::try_current().is_ok()) else {
            return ended.await;
        };
        // Another wait of the same child may have it, and be dropped before the end.
        let free = pin!(output.take());
        let free = match select(ended.as_mut(), free).await {
            Either::Left((result, _)) => return result,
            Either::Right((free, _)) => free,
        };
        if let Some(mut output) = free
            && self.has_unread(&mut output)
        {
            return output.read_during(ended).await;
        }
        ended.await
    }

    /// Reaps the child, which has ended. Does not block.
    fn reap(&self) -> io::Result<ExitStatus> {
        lock(&self.child).reap()
    }

    /// Waits until the group has ended, and reaps the child.
    async fn ended(self: &Arc<Self>, progress: &mut Progress) -> Result<ExitStatus, Unwatched> {
        let is_running = || lock(&self.child).status.is_none();
        // A runtime that was only entered may have nobody to turn its I/O driver, and another than the one that the
        // child was started in may have no such driver: tokio would panic. On Windows a thread of the OS's tells.
        let turned = cfg!(windows)
            || progress.driver.as_ref().is_some_and(|driver| driver.is_turned())
                && Handle::try_current().is_ok_and(|runtime| runtime.id() == self.runtime);
        let ended = if !is_running() {
            Ok(())
        } else if turned {
            self.reading(self.group.ended(is_running)).await
        } else {
            let name = progress.name().to_owned();
            // Weakly, so that the thread does not keep the child alive that the last handle would kill.
            let (inner, group) = (Arc::downgrade(self), self.group.clone());
            match progress.keep(|| Joiner::spawn(&name, move || ended_blocking(&group, &inner))).wait().await {
                Ok(ended) => ended,
                Err(payload) => return Err(Unwatched::Panicked(Outcome::from_panic(&*payload))),
            }
        };
        ended.and_then(|()| self.reap()).map_err(Unwatched::Failed)
    }
}

/// Waits on this thread, and reads what nobody has taken.
fn ended_blocking(group: &Group, inner: &Weak<Inner>) -> io::Result<()> {
    let is_ours = || inner.upgrade().is_some_and(|inner| lock(&inner.child).status.is_none());
    #[cfg(unix)] // and on Windows nobody is here
    if let Some(mut output) = inner.upgrade().and_then(|inner| {
        let mut output = inner.output.get()?.try_take()?;
        inner.has_unread(&mut output).then(|| std::mem::take(&mut *output))
    }) && let Ok(runtime) = runtime::Builder::new_current_thread().enable_io().build()
    {
        let ended = runtime.block_on(output.read_elsewhere_during(group.ended(is_ours)));
        if let Some(inner) = inner.upgrade()
            && let Some(mut place) = inner.output.get().and_then(Slot::try_take)
        {
            *place = output; // for its last line
        }
        return ended;
    }
    group.ended_blocking(is_ours)
}

/// Why it is not known when a child ends.
enum Unwatched {
    Failed(io::Error),
    /// The wait has panicked.
    Panicked(Outcome),
}

impl Child {
    fn reap(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        let wrapper = self.wrapper.as_mut().ok_or_else(|| io::Error::other("the child is gone"))?;
        // Past process-wrap's own `try_wait`: that one asks the OS for any process of the group, so that tokio's handle
        // would never learn that its child was reaped, and would look for it under an id that others may have by then.
        let status = wrapper.inner_mut().try_wait()?.ok_or_else(|| io::Error::other("the child still runs"))?;
        self.status = Some(status);
        Ok(status)
    }
}

/// The last handle is gone: nobody is left to ask the child.
impl Drop for Inner {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.registered.is_inherited() {
            std::mem::forget(child.wrapper.take()); // the parent of this fork has it, and has not dropped it
            return;
        }
        let Some(mut wrapper) = child.wrapper.take_if(|_| child.status.is_none()) else { return };
        let _ = self.group.kill(&mut *wrapper);
        // On Windows nobody reaps; the handles are closed here.
        #[cfg(unix)]
        reap_later(self.group.clone(), self.name.clone(), wrapper);
    }
}

#[cfg(unix)]
fn reap_later(group: Group, name: Cow<'static, str>, wrapper: Box<dyn ChildWrapper>) {
    use crate::host::exit;
    use crate::resource::joiner::wait_exit;
    use crate::value::reaper;

    if exit::is_exiting() {
        return; // init reaps
    }
    let mut child = Child { wrapper: Some(wrapper), request: ProcessRequest::Signal, requested: true, status: None };
    let reaped = reaper::submit(move |_| async move {
        let ended = Joiner::spawn(&name, move || {
            if group.is_tree() {
                group.ended_blocking(|| true)?; // which kills those who were started meanwhile
            }
            wait_exit(group.id())
        });
        let ended = { ended }.wait().await;
        let _ = ended.map(|ended| ended.and_then(|()| child.reap()));
    });
    if let Err(error) = reaped {
        crate::observe::complain(&format!("a child process was killed and not reaped: {error}"));
    }
}

impl Teardown for &Process {
    fn request(&mut self, progress: &mut Progress) {
        progress.is_abortable = true;
        if let Err(error) = self.inner.request() {
            progress.fail(error);
        }
    }

    fn wait<'a>(&'a mut self, progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async move {
            let _named = progress.waits_for(|| {
                let text =
                    format!("child `{}`, process {} ({})", self.name(), self.inner.group.id(), self.inner.location);
                move || Some(text.clone())
            });
            match self.inner.ended(progress).await {
                Ok(status) => {
                    progress.detail(status.to_string());
                    if let Some(line) = self.inner.output.get().and_then(|output| output.peek(Output::last_line)?) {
                        progress.detail(format!("standard error: {line:?}"));
                    }
                    if let Some(outside) = self.inner.group.outside() {
                        progress.detail(format!("outside its group: {outside}"));
                    }
                    Outcome::Stopped
                }
                Err(Unwatched::Panicked(outcome)) => outcome,
                Err(Unwatched::Failed(error)) => {
                    // Nobody can tell when it ends, so it does not get the time to: a kill needs no descriptor.
                    let _ = self.inner.kill();
                    Outcome::abandoned(format!("killed, because it cannot be watched: {error}"))
                }
            }
        })
    }

    /// A child that nobody has asked to end, and that ends with another status than success, has failed. One that cannot
    /// be watched runs on.
    fn watch<'a>(&'a mut self, progress: &'a mut Progress) -> Watch<'a> {
        Box::pin(async move {
            // A driver is what says that this runs in the runtime that is around.
            progress.driver.get_or_insert_with(Driver::asynchronous);
            match self.inner.ended(progress).await {
                Ok(status) => {
                    progress.detail(status.to_string());
                    Some(Ended::whole(match status.success() {
                        true => Outcome::Stopped,
                        false => Outcome::Failed(Failure::new(format!("child `{}`: {status}", self.name()))),
                    }))
                }
                Err(unwatched) => {
                    progress.unwatched(&match unwatched {
                        Unwatched::Panicked(outcome) => outcome.to_string(),
                        Unwatched::Failed(error) => error.to_string(),
                    });
                    None
                }
            }
        })
    }

    fn force(&mut self, progress: &mut Progress) {
        if let Some(names) = self.inner.group.names() {
            progress.detail(format!("killed {names}"));
        }
        if let Err(error) = self.inner.kill() {
            progress.fail(error);
        }
        let group = self.inner.group.clone();
        progress.if_stuck(move || group.names().map(|names| format!("still there after the kill: {names}")));
    }
}

teardown_by_ref!([] Process);

impl Node for Inner {
    fn name(&self) -> String {
        format!("Process `{}` ({})", self.name, self.group.id())
    }

    fn location(&self) -> &'static Location<'static> {
        self.location
    }

    fn created(&self) -> Instant {
        self.created
    }

    fn phase(&self) -> Phase {
        let child = lock(&self.child);
        match (child.requested, child.status) {
            (_, Some(_)) => Phase::Finished,
            (true, None) => Phase::Stopping,
            (false, None) => Phase::Live,
        }
    }

    fn teardown(self: Arc<Self>) -> Option<Box<dyn Teardown + Send>> {
        let reaped = lock(&self.child).status.is_some();
        (!reaped).then(|| Box::new(Process { inner: self }) as Box<dyn Teardown + Send>)
    }

    fn child(&self) -> Option<u32> {
        lock(&self.child).status.is_none().then_some(self.group.id())
    }

    #[cfg(feature = "run")]
    fn kill(&self) -> bool {
        let _ = Inner::kill(self); // nobody is left to hear of an error
        true
    }
}
