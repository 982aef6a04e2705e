//! What a runtime is made of.

use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a runtime is called and how it ends, also after a restart.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) location: &'static Location<'static>,
    pub(super) timeout: Option<Duration>,
    pub(super) cancel_at_main_end: bool,
}

/// Where the tokio runtime comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Ours(Recipe),
    /// A builder of the user's.
    Tokio(Arc<Mutex<tokio::runtime::Builder>>),
    /// A runtime of the user's.
    Borrowed(&'static tokio::runtime::Runtime),
}

/// A tokio runtime of our own making.
#[derive(Clone, Debug, Default)]
pub(super) struct Recipe {
    pub(super) current_thread: bool,
    pub(super) worker_threads: Option<usize>,
    pub(super) thread_name: Option<String>,
}

impl Recipe {
    pub(super) fn builder(&self, name: &str) -> tokio::runtime::Builder {
        let mut builder = match self.current_thread {
            true => tokio::runtime::Builder::new_current_thread(),
            false => tokio::runtime::Builder::new_multi_thread(),
        };
        if let Some(threads) = self.worker_threads {
            builder.worker_threads(threads);
        }
        // std refuses a NUL in a thread's name, and tokio unwraps that.
        builder.thread_name(self.thread_name.as_deref().unwrap_or(name).replace('\0', " "));
        builder.enable_all();
        builder
    }
}
