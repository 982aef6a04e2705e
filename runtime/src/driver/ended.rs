//! Whether a tokio runtime was shut down, which tokio does not tell.

use std::future::ready;

use futures_util::FutureExt as _;
use tokio::runtime::Handle;
use tokio::task::unconstrained;

/// What is said of a task that was dropped before it had ended, by nobody but its runtime.
pub(crate) const DROPPED: &str = "dropped by its runtime before it ended";

/// Whether the runtime was shut down: what is spawned on one that was is cancelled at once, and never polled. On one that
/// runs this leaves a task behind that does nothing.
pub(crate) fn has_ended(runtime: &Handle) -> bool {
    let probe = runtime.spawn(ready(()));
    // The budget of the task around must not make this look like one that still runs.
    matches!(unconstrained(probe).now_or_never(), Some(Err(error)) if error.is_cancelled())
}
