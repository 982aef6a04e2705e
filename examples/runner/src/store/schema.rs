//! What differs between the two databases: the schema's identity column and how a row is claimed.

use anyhow::bail;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

impl Backend {
    pub(super) fn of(url: &str) -> anyhow::Result<Self> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Ok(Backend::Sqlite),
            Some("postgres" | "postgresql") => Ok(Backend::Postgres),
            _ => bail!("a database is `sqlite:…` or `postgres://…`, not `{url}`"),
        }
    }

    /// Run on each new connection.
    pub(super) fn settings(self) -> &'static [&'static str] {
        match self {
            // Readers do not wait for the one writer, and a second writer waits for the first instead of failing.
            Backend::Sqlite => {
                &["PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", "PRAGMA busy_timeout = 5000"]
            }
            Backend::Postgres => &[],
        }
    }

    pub(super) fn tables(self) -> [&'static str; 3] {
        let jobs = match self {
            Backend::Sqlite => {
                "CREATE TABLE IF NOT EXISTS jobs (
                    id INTEGER PRIMARY KEY,
                    spec TEXT NOT NULL, origin TEXT NOT NULL, state TEXT NOT NULL, owner TEXT NOT NULL DEFAULT '',
                    note TEXT NOT NULL DEFAULT '', attempts BIGINT NOT NULL DEFAULT 0,
                    queued_at BIGINT NOT NULL, ended_at BIGINT NOT NULL DEFAULT 0)"
            }
            Backend::Postgres => {
                "CREATE TABLE IF NOT EXISTS jobs (
                    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    spec TEXT NOT NULL, origin TEXT NOT NULL, state TEXT NOT NULL, owner TEXT NOT NULL DEFAULT '',
                    note TEXT NOT NULL DEFAULT '', attempts BIGINT NOT NULL DEFAULT 0,
                    queued_at BIGINT NOT NULL, ended_at BIGINT NOT NULL DEFAULT 0)"
            }
        };
        [
            jobs,
            "CREATE TABLE IF NOT EXISTS ledger (job BIGINT NOT NULL, line BIGINT NOT NULL, PRIMARY KEY (job, line))",
            "CREATE TABLE IF NOT EXISTS inbox (path TEXT PRIMARY KEY, position BIGINT NOT NULL)",
        ]
    }

    /// Takes the oldest queued row: `$1` is the owner.
    pub(super) fn claim(self) -> &'static str {
        match self {
            Backend::Sqlite => {
                "UPDATE jobs SET state = 'running', owner = $1, attempts = attempts + 1
                 WHERE id = (SELECT id FROM jobs WHERE state = 'queued' ORDER BY id LIMIT 1)
                 RETURNING id, spec, state, note, attempts"
            }
            // Rows that another runner is about to claim are skipped, not waited for.
            Backend::Postgres => {
                "UPDATE jobs SET state = 'running', owner = $1, attempts = attempts + 1
                 WHERE id = (SELECT id FROM jobs WHERE state = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
                 RETURNING id, spec, state, note, attempts"
            }
        }
    }
}
