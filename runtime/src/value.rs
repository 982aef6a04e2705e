//! One guarded value: its guard, how its teardown runs, what its drop does, and the registry of all of them.

pub(crate) mod guard;
pub(crate) mod on_drop;
pub(crate) mod orphans;
pub(crate) mod reaper;
pub mod registry;
pub(crate) mod run;
mod shared;

pub use guard::{Phase, ShutdownGuard};
pub use on_drop::{Dropped, OnDrop, clear_hook as clear_drop_hook, set_hook as set_drop_hook};
pub use shared::{Shared, SharedGuard};
