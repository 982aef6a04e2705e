//! The tokio runtime around a value.

use std::future::{Future, poll_fn};
use std::pin::pin;

#[cfg(feature = "tokio")]
use super::ended;

/// Whether this thread runs the destructors of its thread-locals, and tokio's context is gone already. What needs the
/// context panics then, which aborts the process: `Handle::enter`, and `Instant::now` of a clock that can be paused.
#[cfg(feature = "tokio")]
pub(crate) fn is_context_destroyed() -> bool {
    // In a task, which is cheaper to ask, it is there.
    tokio::task::try_id().is_none()
        && tokio::runtime::Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed())
}

/// Whether there is no runtime around the caller, and one can be entered.
#[cfg(feature = "tokio")]
fn is_context_missing() -> bool {
    tokio::task::try_id().is_none()
        && tokio::runtime::Handle::try_current().is_err_and(|error| error.is_missing_context())
}

/// A tokio runtime that a teardown is entered into: the one that the guard captured when the value was made.
#[derive(Clone, Debug, Default)]
pub struct RuntimeContext {
    #[cfg(feature = "tokio")]
    handle: Option<tokio::runtime::Handle>,
}

impl RuntimeContext {
    /// The runtime around the caller, if there is one.
    pub(crate) fn current() -> Self {
        RuntimeContext {
            #[cfg(feature = "tokio")]
            handle: tokio::runtime::Handle::try_current().ok(),
        }
    }

    /// Whether there is no runtime.
    #[cfg(feature = "tokio")]
    pub fn is_none(&self) -> bool {
        self.handle.is_none()
    }

    /// Whether this runtime was shut down; none if there is none.
    #[cfg(feature = "tokio")]
    pub(crate) fn has_ended(&self) -> Option<bool> {
        self.handle.as_ref().map(ended::has_ended)
    }

    /// This runtime.
    #[cfg(feature = "tokio")]
    pub fn of(handle: tokio::runtime::Handle) -> Self {
        RuntimeContext { handle: Some(handle) }
    }

    /// Calls `f` inside this runtime, unless the caller is inside another one, or in a destructor of a thread-local that
    /// outlives tokio's context: there no runtime can be entered any more.
    pub(crate) fn within<T>(&self, f: impl FnOnce() -> T) -> T {
        #[cfg(feature = "tokio")]
        let _entered = match &self.handle {
            Some(handle) if is_context_missing() => Some(handle.enter()),
            _ => None,
        };
        f()
    }

    /// Polls `future` inside this runtime, unless the poll happens inside another one.
    pub async fn enter<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| self.within(|| future.as_mut().poll(cx))).await
    }
}
