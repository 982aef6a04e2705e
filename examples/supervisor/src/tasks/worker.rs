//! A task that works off a queue. It ends when the queue is closed and empty, so that nothing is left in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use sundown::Tasks;
use tokio::sync::mpsc;

use crate::figures::Figures;
use crate::pools::archive;
use crate::pools::count::Counter;
use crate::tasks::journal::Journal;

/// What the worker needs.
pub(crate) struct Worker {
    pub(crate) counter: Counter,
    pub(crate) archive: Tasks,
    pub(crate) folder: PathBuf,
    pub(crate) figures: Arc<Figures>,
    pub(crate) journal: Journal,
}

impl Worker {
    /// Counts the words of each file, and archives it.
    pub(crate) async fn work(self, mut queue: mpsc::Receiver<PathBuf>) {
        while let Some(file) = queue.recv().await {
            let name = file.file_name().unwrap_or_default().display();
            let line = match self.count(&file).await {
                Ok(words) => format!("worker: {words} words in {name}"),
                Err(error) => format!("worker: cannot count {name}: {error:#}"),
            };
            self.journal.write(line).await;
        }
    }

    async fn count(&self, file: &Path) -> anyhow::Result<usize> {
        let text = tokio::fs::read_to_string(file).await?;
        let words = self.counter.words(text).await.context("the pool has ended")?;
        archive::keep(&self.archive, file, &self.folder).await?;
        self.figures.add("files", 1.0);
        self.figures.add("words", words as f64);
        Ok(words)
    }
}
