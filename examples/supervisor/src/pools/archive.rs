//! Archives files, on tokio's blocking pool: a disk may take its time.

use std::fs::{self, File};
use std::path::Path;

use anyhow::Context as _;
use sundown::Tasks;

/// Moves `file` to `folder`, once it is safe on its disk.
pub(crate) async fn keep(tasks: &Tasks, file: &Path, folder: &Path) -> anyhow::Result<()> {
    let name = file.file_name().context("a file has a name")?;
    let (from, to) = (file.to_owned(), folder.join(name));
    let moved = tasks.spawn_blocking(name.display().to_string(), move || {
        File::open(&from)?.sync_all()?;
        fs::rename(&from, &to)
    });
    Ok(moved.context("the archive is closed")?.await??)
}
