//! A child process, and the task that reads what it prints.

use std::io;
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use sundown::{Process, Teardown};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::task::JoinHandle;

use crate::tasks::journal::Journal;

/// Asked by SIGTERM, and read to the end of its output: what it says on its way out is in the journal.
#[derive(Teardown)]
pub(crate) struct Child {
    #[shutdown]
    process: Process,
    #[shutdown]
    output: JoinHandle<io::Result<()>>,
}

impl Child {
    /// Starts a child, whose lines go to the journal. The first one has to say that it is `ready`: from then on it handles
    /// SIGTERM. What leaves the process group of a `tree` is a part of it.
    pub(crate) async fn start(
        name: &'static str,
        mut command: Command,
        tree: bool,
        journal: &Journal,
    ) -> anyhow::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let program = command.as_std().get_program().display().to_string();
        let process = if tree { Process::spawn_tree(name, command) } else { Process::spawn(name, command) };
        let process = process.with_context(|| format!("cannot start the {name}, which needs `{program}`"))?;
        let mut lines = BufReader::new(process.stdout().context("its output is piped")?).lines();
        let first = lines.next_line().await?;
        ensure!(first.as_deref() == Some("ready"), "the {name} is not ready, but says: {}", first.unwrap_or_default());
        let journal = journal.clone();
        let output = tokio::spawn(async move {
            while let Some(line) = lines.next_line().await? {
                journal.write(format!("{name}: {line}")).await;
            }
            Ok(())
        });
        Ok(Child { process, output })
    }
}
