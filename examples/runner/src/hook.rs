//! The hook: a child process that gets a notice of every job that has ended, a line each on its input.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;

use sundown::{Process, Teardown};
use tokio::io::AsyncWriteExt as _;
use tokio::net::unix::pipe;
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

const SCRIPT: &str = include_str!("hook.sh");

/// The child gets SIGTERM and, once every notice is written, the end of its input: in either order, for it has to read
/// what is still on its way.
#[derive(Debug, Teardown)]
pub(crate) struct Hook {
    #[shutdown]
    process: Process,
    #[shutdown]
    notices: Option<mpsc::Sender<String>>,
    #[shutdown]
    writer: JoinHandle<io::Result<()>>,
}

impl Hook {
    /// Starts the script. A `stubborn` one does not listen to SIGTERM.
    pub(crate) fn start(notices: &Path, stubborn: bool) -> io::Result<Self> {
        let (input, output) = io::pipe()?;
        let mut command = command(notices, stubborn);
        command.stdin(Stdio::from(input));
        let output = pipe::Sender::from_owned_fd(OwnedFd::from(output))?;
        let process = Process::spawn("hook", command)?;
        let (notices, queue) = mpsc::channel(64);
        Ok(Hook { process, notices: Some(notices), writer: tokio::spawn(write(queue, output)) })
    }

    /// Where the jobs send their notices.
    pub(crate) fn notices(&self) -> mpsc::Sender<String> {
        self.notices.clone().expect("the notices are taken by the shutdown, which nobody calls this after")
    }
}

/// What starts the script.
pub(crate) fn command(notices: &Path, stubborn: bool) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, "hook"]).env("NOTICES", notices).env_remove("STUBBORN");
    if stubborn {
        command.env("STUBBORN", "yes");
    }
    command
}

/// Writes what comes until the last sender is gone; then the pipe is closed, which ends the child's input.
async fn write(mut queue: mpsc::Receiver<String>, mut output: pipe::Sender) -> io::Result<()> {
    while let Some(notice) = queue.recv().await {
        output.write_all(format!("{notice}\n").as_bytes()).await?;
    }
    Ok(())
}
