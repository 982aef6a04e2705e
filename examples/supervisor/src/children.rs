//! The child processes: two of Python's, and a shell pipeline.

mod child;

use std::net::SocketAddr;
use std::path::Path;

use tokio::process::Command;

pub(crate) use self::child::Child;
use crate::tasks::journal::Journal;

/// Python, with an asyncio subprocess of its own: samples the machine, and sends metrics.
pub(crate) async fn collector(metrics: SocketAddr, journal: &Journal) -> anyhow::Result<Child> {
    let mut python = python(include_str!("children/collector.py"));
    python.arg(metrics.port().to_string());
    Child::start("collector", python, false, journal).await
}

/// Python, with threads that asyncio starts: keeps an index of what is in the archive. A `bad` one ignores SIGTERM.
pub(crate) async fn indexer(archive: &Path, bad: bool, journal: &Journal) -> anyhow::Result<Child> {
    let mut python = python(include_str!("children/indexer.py"));
    python.arg(archive).args(bad.then_some("bad"));
    Child::start("indexer", python, false, journal).await
}

/// A shell and what it starts: follows the journal. A `bad` one has a grandchild that ignores SIGTERM, and has
/// left the process group.
pub(crate) async fn pipeline(file: &Path, bad: bool, journal: &Journal) -> anyhow::Result<Child> {
    let mut shell = Command::new("sh");
    shell.args(["-c", include_str!("children/pipeline.sh"), "pipeline"]).arg(file).args(bad.then_some("bad"));
    // A tree is looked for among all processes of the user, so it is for those that something may leave.
    Child::start("pipeline", shell, bad, journal).await
}

fn python(program: &str) -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", program]);
    command
}
