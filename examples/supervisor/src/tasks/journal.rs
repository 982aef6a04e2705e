//! A task that owns a file. It ends when the last of those that write has ended: no line is lost.

use std::io;
use std::path::Path;

use tokio::fs::File;
use tokio::io::{AsyncWriteExt as _, stdout};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// What writes to the journal has one of these.
#[derive(Clone)]
pub(crate) struct Journal {
    lines: mpsc::Sender<String>,
}

impl Journal {
    /// Begins an empty journal.
    pub(crate) async fn begin(path: &Path) -> io::Result<(Self, JoinHandle<io::Result<()>>)> {
        let file = File::create(path).await?;
        let (lines, queue) = mpsc::channel(64);
        Ok((Journal { lines }, tokio::spawn(write(file, queue))))
    }

    /// Writes a line, which is lost if the journal cannot be written any more: that has stopped the service.
    pub(crate) async fn write(&self, line: String) {
        let _ = self.lines.send(line + "\n").await;
    }
}

/// Writes what comes to the file, and to standard output, where a closed one is no failure.
async fn write(mut file: File, mut queue: mpsc::Receiver<String>) -> io::Result<()> {
    let mut stdout = stdout();
    while let Some(line) = queue.recv().await {
        file.write_all(line.as_bytes()).await?;
        file.flush().await?;
        let _ = stdout.write_all(line.as_bytes()).await;
        let _ = stdout.flush().await;
    }
    Ok(())
}
