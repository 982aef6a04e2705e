//! The hook: a child process that gets a notice of every job that has ended, a line each on its input.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Stdio;

use sundown::{Process, Teardown};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

#[cfg(unix)]
const SCRIPT: [&str; 3] = ["sh", "-c", include_str!("hook.sh")];
#[cfg(windows)]
const SCRIPT: [&str; 3] =
    ["cmd", "/c", "more & if defined STUBBORN (ping -n 3600 127.0.0.1 >nul) else echo hook: the input has ended"];

/// The child gets SIGTERM and, once every notice is written, the end of its input: in either order, for it has to read
/// what is still on its way. On Windows it gets the end alone: CTRL_BREAK would end `more` before it has read all.
#[derive(Debug, Teardown)]
pub(crate) struct Hook {
    #[cfg_attr(unix, shutdown)]
    #[cfg_attr(windows, shutdown(request = |_| ()))]
    process: Process,
    #[shutdown]
    notices: Option<mpsc::Sender<String>>,
    #[shutdown]
    writer: JoinHandle<io::Result<()>>,
}

impl Hook {
    /// Starts the script, which writes to the file `notices`. A `stubborn` one does not end when it is asked to.
    pub(crate) fn start(notices: &Path, stubborn: bool) -> io::Result<Self> {
        let mut command = command(notices, stubborn)?;
        command.stdin(Stdio::piped());
        let process = Process::spawn("hook", command)?;
        let input = process.stdin().expect("it is piped");
        let (notices, queue) = mpsc::channel(64);
        Ok(Hook { process, notices: Some(notices), writer: tokio::spawn(write(queue, input)) })
    }

    /// Where the jobs send their notices.
    pub(crate) fn notices(&self) -> mpsc::Sender<String> {
        self.notices.clone().expect("the notices are taken by the shutdown, which nobody calls this after")
    }
}

/// What starts the script, which writes to the file `notices`. By the variable of that name the demo finds it again.
pub(crate) fn command(notices: &Path, stubborn: bool) -> io::Result<Command> {
    let [shell, flag, script] = SCRIPT;
    let mut command = Command::new(shell);
    command.args([flag, script]).env("NOTICES", notices).env_remove("STUBBORN");
    command.stdout(File::options().create(true).append(true).open(notices)?);
    if stubborn {
        command.env("STUBBORN", "yes");
    }
    Ok(command)
}

/// Writes what comes until the last sender is gone; then the pipe is closed, which ends the child's input.
async fn write(mut queue: mpsc::Receiver<String>, mut input: ChildStdin) -> io::Result<()> {
    while let Some(notice) = queue.recv().await {
        input.write_all(format!("{notice}\n").as_bytes()).await?;
    }
    input.flush().await
}
