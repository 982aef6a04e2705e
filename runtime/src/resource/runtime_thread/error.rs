//! What can go wrong with a thread that is fed by messages.

use std::fmt;

use crate::teardown::{Report, ShutdownError};

/// Why a [`RuntimeThread`](super::RuntimeThread) did not take a message, did not answer, or did not shut down cleanly.
///
/// Raised in Python (with the feature `python`, by `?`), a panic is a `RuntimePanic`, a timeout a `ShutdownTimeout`, the
/// others are `ShutdownError`s.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeThreadError {
    /// It was asked to stop, or has ended.
    #[error("thread `{thread}` takes no messages any more")]
    #[non_exhaustive]
    ChannelClosed {
        /// Its name.
        thread: String,
    },
    /// There is no room in the inbox, and waiting for it was not wanted.
    #[error("the inbox of thread `{thread}` is full")]
    #[non_exhaustive]
    ChannelFull {
        /// Its name.
        thread: String,
    },
    /// The handler dropped the reply.
    #[error("thread `{thread}` did not reply")]
    #[non_exhaustive]
    NoReply {
        /// Its name.
        thread: String,
    },
    /// The thread would wait for itself.
    #[error("thread `{thread}` would wait for itself")]
    #[non_exhaustive]
    OwnThread {
        /// Its name.
        thread: String,
    },
    /// The handler panicked, now or before.
    #[error("thread `{thread}` panicked: {message}")]
    #[non_exhaustive]
    ThreadPanic {
        /// Its name.
        thread: String,
        /// The panic's message.
        message: String,
    },
    /// It did not end in time: it had to be forced, or still runs.
    #[error("thread `{thread}` did not end in time")]
    #[non_exhaustive]
    Timeout {
        /// Its name.
        thread: String,
        /// What became of it.
        #[source]
        error: ShutdownError,
    },
    /// The handler returned an error.
    #[error("thread `{thread}` failed")]
    #[non_exhaustive]
    Failed {
        /// Its name.
        thread: String,
        /// What became of it.
        #[source]
        error: ShutdownError,
    },
}

impl RuntimeThreadError {
    /// The report of a shutdown that was late or failed.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match self {
            RuntimeThreadError::Timeout { error, .. } | RuntimeThreadError::Failed { error, .. } => {
                Some(error.report())
            }
            _ => None,
        }
    }
}

/// A message that a [`RuntimeThread`](super::RuntimeThread) did not take.
#[derive(Clone, thiserror::Error)]
#[error("{error}")]
pub struct Undelivered<M> {
    message: M,
    error: RuntimeThreadError,
}

impl<M> Undelivered<M> {
    pub(super) fn new(message: M, error: RuntimeThreadError) -> Self {
        Undelivered { message, error }
    }

    pub(super) fn instead_of_full(mut self, error: RuntimeThreadError) -> Self {
        if matches!(self.error, RuntimeThreadError::ChannelFull { .. }) {
            self.error = error;
        }
        self
    }

    /// Why.
    #[must_use]
    pub fn error(&self) -> &RuntimeThreadError {
        &self.error
    }

    /// Why, without the message.
    #[must_use]
    pub fn into_error(self) -> RuntimeThreadError {
        self.error
    }

    /// The message.
    pub fn into_inner(self) -> M {
        self.message
    }
}

impl<M> fmt::Debug for Undelivered<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Undelivered").field("error", &self.error).finish_non_exhaustive()
    }
}
