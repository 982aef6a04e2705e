//! A task that follows a folder. Its end closes the queue that it fills.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Claims what comes into the `spool`, by moving it, and queues it, until `stop`. First it queues what a run that was killed
/// had claimed.
pub(crate) async fn watch(
    spool: PathBuf,
    claimed: PathBuf,
    queue: mpsc::Sender<PathBuf>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    // One place is enough: the news is that there is news.
    let (news, mut changed) = mpsc::channel(1);
    let mut watcher: RecommendedWatcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Our own look into the folder is news too, to which another look would be no answer.
        if !event.is_ok_and(|event| event.kind.is_access()) {
            let _ = news.try_send(());
        }
    })?;
    watcher.watch(&spool, RecursiveMode::NonRecursive).with_context(|| spool.display().to_string())?;
    let mut found = files(&claimed)?;
    found.extend(files(&spool)?);
    loop {
        for file in found {
            // A place first: so nothing is claimed that is not queued.
            let Some(place) = stop.run_until_cancelled(queue.reserve()).await else { break };
            let claim = claimed.join(file.file_name().context("a file has a name")?);
            match fs::rename(&file, &claim) {
                Ok(()) => place?.send(claim),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {} // somebody has taken it back
                Err(error) => return Err(error).with_context(|| file.display().to_string()),
            }
        }
        if stop.run_until_cancelled(changed.recv()).await.is_none() {
            break;
        }
        found = files(&spool)?;
    }
    // The watcher has a thread of its own, which drops its end of the channel on its way out.
    drop(watcher);
    while changed.recv().await.is_some() {}
    Ok(())
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    Ok(files)
}
