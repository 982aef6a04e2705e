//! How a `RuntimeThread` is made.

use std::io;
use std::marker::PhantomData;
use std::panic::Location;

use super::RuntimeThread;
use super::inbox::Inbox;
use crate::resource::StopSignal;
use crate::teardown::Outcome;

/// What a thread is made from.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) capacity: usize,
    /// None: the thread itself runs all tasks.
    pub(super) worker_threads: Option<usize>,
}

impl Settings {
    pub(super) fn new(name: String) -> Self {
        Settings { name, capacity: RuntimeThread::<()>::CAPACITY, worker_threads: None }
    }
}

/// Builds a [`RuntimeThread`]; [`RuntimeThread::builder`] makes it.
#[derive(Debug)]
#[must_use = "nothing is started until `spawn`"]
pub struct RuntimeThreadBuilder<M> {
    settings: Settings,
    messages: PhantomData<fn(M)>,
}

impl<M: Send + 'static> RuntimeThreadBuilder<M> {
    pub(super) fn new(settings: Settings) -> Self {
        RuntimeThreadBuilder { settings, messages: PhantomData }
    }

    /// How many messages wait in the inbox at most; [`RuntimeThread::CAPACITY`], if it is not called.
    ///
    /// # Panics
    ///
    /// If it is zero, as tokio's channels do.
    pub fn capacity(mut self, messages: usize) -> Self {
        assert!(messages > 0, "an inbox needs room for a message");
        self.settings.capacity = messages;
        self
    }

    /// Sets the number of worker threads of the runtime, beside the thread of the handler: what the handler spawns runs there, also
    /// while the handler computes. The handler itself stays on its thread, and need not be `Send`. They end with the thread.
    ///
    /// If it is not called there is no other thread, and what the handler spawns runs while it awaits.
    ///
    /// # Panics
    ///
    /// If it is zero, as tokio's builder does.
    pub fn worker_threads(mut self, threads: usize) -> Self {
        assert!(threads > 0, "a runtime needs a worker thread");
        self.settings.worker_threads = Some(threads);
        self
    }

    /// Starts the thread, as [`RuntimeThread::spawn`] does.
    ///
    /// # Errors
    ///
    /// As there.
    #[track_caller]
    pub fn spawn<F, R>(self, handler: F) -> io::Result<RuntimeThread<M>>
    where
        F: AsyncFnOnce(Inbox<M>, StopSignal) -> R + Send + 'static,
        R: Into<Outcome>,
    {
        self.spawn_at(Location::caller(), handler)
    }

    pub(super) fn spawn_at<F, R>(self, location: &'static Location<'static>, handler: F) -> io::Result<RuntimeThread<M>>
    where
        F: AsyncFnOnce(Inbox<M>, StopSignal) -> R + Send + 'static,
        R: Into<Outcome>,
    {
        RuntimeThread::spawn_at(self.settings, location, handler)
    }
}
