//! A job: what is to be done, and what became of it.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What a job is to do, as it is written in the inbox, posted to the endpoint and kept in the `jobs` table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Spec {
    /// Writes this many rows to the ledger in one transaction, which also marks the job as done.
    Import {
        /// How many.
        rows: u32,
    },
    /// Counts the lines of a file, on a thread of the blocking pool.
    Count {
        /// Its path.
        file: PathBuf,
    },
    /// Waits, as for a slow remote call; asked to stop, it goes back into the queue.
    Wait {
        /// Milliseconds.
        ms: u64,
    },
    /// Never ends and does not listen.
    Stuck,
    /// Panics.
    Panic {
        /// With this message.
        message: String,
    },
}

impl Spec {
    /// # Errors
    ///
    /// If the text is no JSON, or no job.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The name that the job's task has in reports.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Spec::Import { .. } => "import",
            Spec::Count { .. } => "count",
            Spec::Wait { .. } => "wait",
            Spec::Stuck => "stuck",
            Spec::Panic { .. } => "panic",
        }
    }
}

/// The text that is kept: JSON.
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// Where a job is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not begun, or to be begun anew.
    Queued,
    /// Somebody works on it.
    Running,
    /// Ended as it should.
    Done,
    /// Ended with an error or a panic.
    Failed,
    /// Aborted by a shutdown.
    Cancelled,
}

impl State {
    pub(crate) const ALL: [State; 5] = [State::Queued, State::Running, State::Done, State::Failed, State::Cancelled];

    /// Its name in the `jobs` table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Running => "running",
            State::Done => "done",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether nothing more happens to the job.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, State::Done | State::Failed | State::Cancelled)
    }
}

/// A row of the `jobs` table.
#[derive(Clone, Debug, Serialize)]
pub struct Job {
    /// The number of its row.
    pub id: i64,
    /// As it was queued: JSON, as long as it came from a [`Spec`].
    pub spec: String,
    /// Where it is.
    pub state: State,
    /// What there is to say of the end: a result, an error, why it was cancelled.
    pub note: String,
    /// How often it was started.
    pub attempts: i64,
}
