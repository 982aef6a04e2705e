//! What cannot go on while a teardown blocks its thread.

#[cfg(feature = "tokio")]
use tokio::runtime::{Handle, RuntimeFlavor};

#[cfg(feature = "tokio")]
use super::{blocking, budget};

/// What cannot go on while a teardown blocks its thread.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "tokio"), allow(dead_code, reason = "what knows no runtime stalls none"))]
pub(crate) enum Stall {
    /// The thread is the only one of a runtime, and runs a task of it.
    Runtime,
    /// The thread is in `block_on` of a runtime that has others. What `block_on` drives beside the caller stands still,
    /// such as a `LocalSet`; tokio does not tell whether there is any.
    BlockOn,
}

impl Stall {
    /// That of a teardown which blocks this thread from now on. None where tokio says that the thread may be blocked
    /// (`spawn_blocking`, `block_in_place`), and none of a runtime that was only entered: its tasks run elsewhere.
    pub(super) fn here() -> Option<Self> {
        #[cfg(feature = "tokio")]
        {
            let runtime = Handle::try_current().ok()?;
            // Each poll of async code has a budget, and nothing else has one, but for what our own driver polls.
            if blocking::is_here() || !budget::is_limited() {
                return None;
            }
            if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
                return Some(Stall::Runtime);
            }
            // As in `value::on_drop::may_wait`: there is no task in `block_on`.
            match tokio::task::try_id() {
                None => Some(Stall::BlockOn),
                Some(_) => (runtime.metrics().num_workers() == 1).then_some(Stall::Runtime),
            }
        }
        #[cfg(not(feature = "tokio"))]
        None
    }

    /// Why something is still there that was forced. `who` is what the resource says.
    pub(crate) fn explain(self, who: Option<String>) -> Option<String> {
        match (self, who) {
            (Stall::Runtime, who) => {
                let why = "the caller blocks the only thread of its runtime, where nothing else can run meanwhile";
                Some(who.map_or_else(|| why.to_owned(), |who| format!("{why}; {who}")))
            }
            // It is perhaps not the reason: who knows better is believed.
            (Stall::BlockOn, None) => Some(
                "it was waited for under `block_on`; there a `LocalSet` of the thread cannot go on meanwhile"
                    .to_owned(),
            ),
            (Stall::BlockOn, who) => who,
        }
    }
}
