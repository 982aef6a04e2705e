//! An OS thread that follows a file: every line that is appended to it becomes a job.
//!
//! The thread blocks on two events, the file's change and the stop signal; nothing is polled.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::pin::pin;

use anyhow::Context as _;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use sundown::Thread;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::store::Store;

/// Starts to follow `path`, which is made if it does not exist, from where the last run has left off.
pub(crate) fn follow(path: &Path, store: Store) -> anyhow::Result<Thread> {
    let inbox = Inbox::open(path, store)?;
    let runtime = Handle::current();
    Ok(Thread::spawn("inbox", move |stop| runtime.block_on(inbox.follow(stop.stopped())))?)
}

pub(crate) struct Inbox {
    path: PathBuf,
    store: Store,
}

impl Inbox {
    pub(crate) fn open(path: &Path, store: Store) -> anyhow::Result<Self> {
        let cannot = || format!("cannot follow `{}`", path.display());
        File::options().create(true).append(true).open(path).with_context(cannot)?;
        let path = path.canonicalize().with_context(cannot)?;
        Ok(Inbox { path, store })
    }

    /// Until `stop`.
    pub(crate) async fn follow(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let mut stop = pin!(stop);
        // One place is enough: the news is that there is news.
        let (news, mut changed) = mpsc::channel(1);
        let mut watcher: RecommendedWatcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // Our own reading is news too, to which reading again would be no answer.
            if !event.is_ok_and(|event| event.kind.is_access()) {
                let _ = news.try_send(());
            }
        })?;
        watcher.watch(&self.path, RecursiveMode::NonRecursive)?;
        loop {
            self.read().await?;
            tokio::select! {
                () = &mut stop => break,
                Some(()) = changed.recv() => {}
            }
        }
        // The watcher has a thread of its own, which drops its end of the channel on its way out.
        drop(watcher);
        while changed.recv().await.is_some() {}
        Ok(())
    }

    /// Queues the lines that are complete.
    async fn read(&self) -> anyhow::Result<()> {
        let name = self.path.to_string_lossy();
        let start = self.store.position(&name).await?;
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(start))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let complete = text.rfind('\n').map_or(0, |end| end + 1);
        if complete > 0 {
            let lines: Vec<&str> = text[..complete].lines().collect();
            self.store.enqueue_lines(&name, &lines, start + complete as u64).await?;
        }
        Ok(())
    }
}
