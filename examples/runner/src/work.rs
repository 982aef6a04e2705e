//! What the jobs do.

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use crate::job::{Job, Spec, State};
use crate::store::Store;

/// Rows of an import between two looks at whether it should stop.
const BATCH: u32 = 50;

/// Does the job and writes down its end. A job that is asked to stop finishes if that is quick, else it undoes what it
/// has begun and goes back into the queue.
pub(crate) async fn run(job: &Job, store: &Store, stop: &CancellationToken) -> anyhow::Result<State> {
    match Spec::parse(&job.spec)? {
        Spec::Import { rows } => import(job, rows, store, stop).await,
        Spec::Count { file } => {
            let read =
                tokio::task::spawn_blocking(move || std::fs::read(&file).with_context(|| file.display().to_string()));
            let lines = read.await??.iter().filter(|&&byte| byte == b'\n').count();
            store.finish(job.id, State::Done, &format!("{lines} lines")).await?;
            Ok(State::Done)
        }
        Spec::Wait { ms } => {
            let done = stop.run_until_cancelled(tokio::time::sleep(std::time::Duration::from_millis(ms))).await;
            let (state, note) = match done {
                Some(()) => (State::Done, ""),
                None => (State::Queued, "interrupted by the shutdown"),
            };
            store.finish(job.id, state, note).await?;
            Ok(state)
        }
        Spec::Stuck => std::future::pending().await,
        Spec::Panic { message } => panic!("{message}"),
    }
}

async fn import(job: &Job, rows: u32, store: &Store, stop: &CancellationToken) -> anyhow::Result<State> {
    let mut import = store.import(job.id).await?;
    for row in 0..rows {
        if row % BATCH == 0 && stop.is_cancelled() {
            import.roll_back().await?;
            store.finish(job.id, State::Queued, "rolled back by the shutdown").await?;
            return Ok(State::Queued);
        }
        import.row().await?;
    }
    import.commit(&format!("{rows} rows")).await?;
    Ok(State::Done)
}
