//! What a runner is started with.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::cron::Schedule;

/// The flags of `runner serve`; `runner demo` makes its own.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    /// The database: `sqlite:path?mode=rwc` or `postgres://user@host/name` [default: `runner.db` in the data folder]
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// The folder of the embedded database, the inbox and the notices
    #[arg(long, default_value = "target/runner")]
    pub data: PathBuf,
    /// The address of the status endpoint; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// How many jobs run at the same time
    #[arg(long, default_value_t = 4)]
    pub workers: usize,
    /// Queues a job by the clock: `*/5 * * * * * = {"kind":"import","rows":10}`; may be given several times
    #[arg(long, value_name = "PATTERN = JOB")]
    pub cron: Vec<Schedule>,
    /// The name of this runner in the rows; of those that share a database, each needs its own
    #[arg(long, default_value = "runner")]
    pub name: String,
    /// Starts a hook that ignores SIGTERM
    #[arg(long)]
    pub stubborn_hook: bool,
}

impl Config {
    pub(crate) fn database(&self) -> String {
        let embedded = || format!("sqlite:{}?mode=rwc", self.data.join("runner.db").display());
        self.database.clone().unwrap_or_else(embedded)
    }

    /// The file that every appended line of becomes a job.
    pub(crate) fn inbox(&self) -> PathBuf {
        self.data.join("inbox.jsonl")
    }

    /// The file that the hook writes.
    pub(crate) fn notices(&self) -> PathBuf {
        self.data.join("notices.log")
    }
}
