//! One guarded value: its guard, how its teardown runs, what its drop does, and the registry of all of them.

pub(crate) mod detached;
pub(crate) mod entry;
pub(crate) mod guard;
pub(crate) mod nodes;
pub(crate) mod on_drop;
pub(crate) mod reaper;
pub mod registry;
pub(crate) mod run;
mod shared;

pub use guard::ShutdownGuard;
pub use nodes::Phase;
pub use on_drop::{Dropped, clear_hook as clear_drop_hook, set_hook as set_drop_hook};
pub use shared::{Shared, SharedGuard};
