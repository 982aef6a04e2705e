//! The jobs and what became of them, in SQLite or Postgres.
//!
//! Every change of a job is one transaction, and every one leaves the row in a state that a later start can go on from:
//! - A job is `running` only while its owner works on it. What a killed owner left behind is queued again at its next
//!   start ([`Store::open`]), what a teardown had to abort is marked `cancelled` ([`Store::close`]).
//! - The ledger has all the rows of an import or none, because they are committed together with the job's end.
//! - A line of the inbox becomes a job exactly once, because the position is committed together with the jobs.

mod schema;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use sqlx::any::{AnyPoolOptions, AnyRow};
use sqlx::{Any, AnyConnection, AnyPool, Executor as _, Row as _, Transaction};
use tokio::sync::watch;

use crate::job::{Job, Spec, State};
use schema::Backend;

/// A handle on the database; clones share one pool.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    backend: Backend,
    /// The name of this runner in the rows that it works on. One process uses it at a time.
    owner: Arc<str>,
    /// Counts the changes, for those who wait for one.
    changes: Arc<watch::Sender<u64>>,
}

/// The rows of `jobs` and `ledger` that contradict each other. All are zero after a shutdown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HalfWay {
    /// Jobs that are `running`, although nobody runs them.
    pub(crate) running: i64,
    /// Jobs that ended without a time, or have one without having ended.
    pub(crate) untimed: i64,
    /// Ledger rows whose import is not done.
    pub(crate) stray: i64,
}

impl Store {
    /// Opens the database, makes the tables, and queues again what an earlier run of `owner` was killed in.
    pub(crate) async fn open(url: &str, owner: &str) -> anyhow::Result<Self> {
        let backend = Backend::of(url)?;
        sqlx::any::install_default_drivers();
        let pool = AnyPoolOptions::new()
            .max_connections(4)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    for setting in backend.settings() {
                        connection.execute(*setting).await?;
                    }
                    Ok(())
                })
            })
            .connect(url)
            .await
            .with_context(|| format!("cannot open the database `{url}`"))?;
        let store = Store { pool, backend, owner: owner.into(), changes: Arc::new(watch::Sender::new(0)) };
        for table in backend.tables() {
            store.pool.execute(table).await?;
        }
        sqlx::query(
            "UPDATE jobs SET state = 'queued', note = 'its runner was killed' WHERE state = 'running' AND owner = $1",
        )
        .bind(owner)
        .execute(&store.pool)
        .await?;
        Ok(store)
    }

    /// Marks what is still running as cancelled, and closes the connections.
    pub(crate) async fn close(&self) -> sqlx::Result<()> {
        let settled = sqlx::query(
            "UPDATE jobs SET state = 'cancelled', note = 'aborted by the shutdown', ended_at = $1
             WHERE state = 'running' AND owner = $2",
        )
        .bind(now())
        .bind(&*self.owner)
        .execute(&self.pool)
        .await;
        self.pool.close().await;
        match settled {
            // Called again after a teardown that was dropped half-way: the rows are settled, the pool is closed.
            Ok(_) | Err(sqlx::Error::PoolClosed) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether the connections are closed: the service was shut down.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.pool.is_closed()
    }

    /// Adds a job to the queue, and returns its number.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn enqueue(&self, spec: &Spec, origin: &str) -> sqlx::Result<i64> {
        let mut connection = self.pool.acquire().await?;
        let id = insert(&mut connection, &spec.to_string(), origin, State::Queued, "").await?;
        self.changed();
        Ok(id)
    }

    /// Adds a job per line, and remembers in the same transaction that the file is read up to `position`. A line that
    /// is no job becomes a failed one, so that it is not lost silently.
    pub(crate) async fn enqueue_lines(&self, file: &str, lines: &[&str], position: u64) -> anyhow::Result<()> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query(
            "INSERT INTO inbox (path, position) VALUES ($1, $2)
             ON CONFLICT (path) DO UPDATE SET position = excluded.position",
        )
        .bind(file)
        .bind(i64::try_from(position)?)
        .execute(&mut *transaction)
        .await?;
        for line in lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
            match Spec::parse(line) {
                Ok(spec) => insert(&mut transaction, &spec.to_string(), "inbox", State::Queued, "").await?,
                Err(error) => {
                    insert(&mut transaction, line, "inbox", State::Failed, &format!("not a job: {error}")).await?
                }
            };
        }
        transaction.commit().await?;
        self.changed();
        Ok(())
    }

    /// Up to where `file` has been read.
    pub(crate) async fn position(&self, file: &str) -> anyhow::Result<u64> {
        let row =
            sqlx::query("SELECT position FROM inbox WHERE path = $1").bind(file).fetch_optional(&self.pool).await?;
        match row {
            Some(row) => Ok(u64::try_from(row.try_get::<i64, _>(0)?)?),
            None => Ok(0),
        }
    }

    /// Takes the oldest job of the queue, which is then `running`.
    pub(crate) async fn claim(&self) -> anyhow::Result<Option<Job>> {
        let row = sqlx::query(self.backend.claim()).bind(&*self.owner).fetch_optional(&self.pool).await?;
        let job = row.as_ref().map(job).transpose()?;
        if job.is_some() {
            self.changed();
        }
        Ok(job)
    }

    /// Ends a running job, or puts it back into the queue. One that is not running any more is left alone.
    pub(crate) async fn finish(&self, id: i64, state: State, note: &str) -> sqlx::Result<()> {
        let mut connection = self.pool.acquire().await?;
        self.end(&mut connection, id, state, note).await?;
        self.changed();
        Ok(())
    }

    /// Begins the transaction of an import; see [`Import`].
    pub(crate) async fn import(&self, id: i64) -> sqlx::Result<Import<'_>> {
        Ok(Import { store: self, id, transaction: self.pool.begin().await?, rows: 0 })
    }

    /// A job by its number, if there is one.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn job(&self, id: i64) -> anyhow::Result<Option<Job>> {
        let row = sqlx::query("SELECT id, spec, state, note, attempts FROM jobs WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(job).transpose()
    }

    /// How many jobs are in each state.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn counts(&self) -> anyhow::Result<Vec<(State, i64)>> {
        let rows = sqlx::query("SELECT state, count(*) FROM jobs GROUP BY state").fetch_all(&self.pool).await?;
        let mut counts = Vec::new();
        for row in rows {
            counts.push((state(&row, 0)?, row.try_get(1)?));
        }
        counts.sort();
        Ok(counts)
    }

    /// The jobs of one origin that are in this state.
    pub(crate) async fn count(&self, origin: &str, state: State) -> sqlx::Result<i64> {
        sqlx::query("SELECT count(*) FROM jobs WHERE origin = $1 AND state = $2")
            .bind(origin)
            .bind(state.as_str())
            .fetch_one(&self.pool)
            .await?
            .try_get(0)
    }

    /// Looks for rows that no shutdown should leave behind.
    pub(crate) async fn half_way(&self) -> sqlx::Result<HalfWay> {
        let count = async |sql: &'static str| sqlx::query(sql).fetch_one(&self.pool).await?.try_get(0);
        Ok(HalfWay {
            running: count("SELECT count(*) FROM jobs WHERE state = 'running'").await?,
            untimed: count(
                "SELECT count(*) FROM jobs
                 WHERE (state IN ('done', 'failed', 'cancelled')) <> (ended_at > 0)",
            )
            .await?,
            stray: count("SELECT count(*) FROM ledger WHERE job NOT IN (SELECT id FROM jobs WHERE state = 'done')")
                .await?,
        })
    }

    /// How many rows the imports have written.
    pub(crate) async fn ledger(&self) -> sqlx::Result<i64> {
        sqlx::query("SELECT count(*) FROM ledger").fetch_one(&self.pool).await?.try_get(0)
    }

    /// Tells of every change from now on, and of the latest one so far.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    async fn end(&self, connection: &mut AnyConnection, id: i64, state: State, note: &str) -> sqlx::Result<()> {
        sqlx::query(
            "UPDATE jobs SET state = $1, note = $2, ended_at = $3 WHERE id = $4 AND state = 'running' AND owner = $5",
        )
        .bind(state.as_str())
        .bind(note)
        .bind(if state.is_final() { now() } else { 0 })
        .bind(id)
        .bind(&*self.owner)
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// An import under way. Dropped before [`commit`](Self::commit), it leaves nothing behind.
#[must_use = "an import that is not committed is rolled back"]
pub(crate) struct Import<'a> {
    store: &'a Store,
    id: i64,
    transaction: Transaction<'static, Any>,
    rows: i64,
}

impl Import<'_> {
    pub(crate) async fn row(&mut self) -> sqlx::Result<()> {
        self.rows += 1;
        sqlx::query("INSERT INTO ledger (job, line) VALUES ($1, $2)")
            .bind(self.id)
            .bind(self.rows)
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    /// Ends the job together with its rows.
    pub(crate) async fn commit(mut self, note: &str) -> sqlx::Result<()> {
        self.store.end(&mut self.transaction, self.id, State::Done, note).await?;
        self.transaction.commit().await?;
        self.store.changed();
        Ok(())
    }

    pub(crate) async fn roll_back(self) -> sqlx::Result<()> {
        self.transaction.rollback().await
    }
}

async fn insert(
    connection: &mut AnyConnection,
    spec: &str,
    origin: &str,
    state: State,
    note: &str,
) -> sqlx::Result<i64> {
    sqlx::query(
        "INSERT INTO jobs (spec, origin, state, note, queued_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
    )
    .bind(spec)
    .bind(origin)
    .bind(state.as_str())
    .bind(note)
    .bind(now())
    .bind(if state.is_final() { now() } else { 0 })
    .fetch_one(connection)
    .await?
    .try_get(0)
}

fn job(row: &AnyRow) -> anyhow::Result<Job> {
    Ok(Job {
        id: row.try_get("id")?,
        spec: row.try_get("spec")?,
        state: state(row, 2)?,
        note: row.try_get("note")?,
        attempts: row.try_get("attempts")?,
    })
}

fn state(row: &AnyRow, column: usize) -> anyhow::Result<State> {
    let text: String = row.try_get(column)?;
    State::parse(&text).with_context(|| format!("`{text}` is not a state"))
}

/// Milliseconds since 1970.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
