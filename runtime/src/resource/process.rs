//! `Process`: a child process in a process group of its own; on Windows, in a job.

mod child;
mod end;
mod group;
mod output;
mod teardown;

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::panic::Location;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, Weak};
use std::time::Instant;

use process_wrap::tokio::ChildWrapper;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::runtime::Handle;

use crate::host::fork::Inheritable;
use crate::sync::lock;
use crate::sync::slot::Slot;
use crate::value::nodes::{self, Node};
use child::{Child, Inner};
use group::Group;
use output::Output;

/// A child process in a process group of its own, so that what it starts is stopped with it. Feature `process`; Linux,
/// macOS, FreeBSD, and Windows.
///
/// A cheap handle: all clones are one child. As a [`Teardown`](crate::Teardown) it is asked by SIGTERM to the whole group (and
/// SIGCONT, for one that is stopped), has ended when every process of the group has and the child was reaped, and is forced
/// by SIGKILL to the whole group. The exit status is in the report, whatever it is, and so are the names of who was killed.
/// A process that leaves the group, as a daemon does, is not followed, and not waited for: [`spawn_tree`](Self::spawn_tree) is
/// for such.
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
/// It is a job, which the OS kills when this process ends, however that may be. What a process of it starts is in it, and does
/// not leave. The child is asked by CTRL_BREAK to a console group of its own: that reaches those that share the console of
/// this process, and ends those that have no handler for it. It is forced by the end of the job; the exit code is 1. At the
/// console, Ctrl-C does not reach the child, as SIGINT of a terminal does not reach another process group; Ctrl-Break does.
/// The creation flags of the command are replaced. A process without a console, as a service is, takes
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
