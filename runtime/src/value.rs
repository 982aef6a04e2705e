//! One guarded value: its guard, how its teardown runs, what its drop does, and the registry of all of them.

pub mod audit;
pub mod detached;
pub mod entry;
pub mod guard;
mod later;
mod limits;
pub mod nodes;
pub mod on_drop;
pub mod reaper;
pub mod registry;
pub mod run;
mod shared;
pub(crate) mod start;
mod supervise;

pub use guard::ShutdownGuard;
pub use later::Later;
pub use nodes::Phase;
pub use on_drop::{Dropped, clear_hook as clear_drop_hook, set_hook as set_drop_hook};
pub use shared::{Shared, SharedGuard};
pub use start::StartError;
#[cfg(feature = "run")]
pub(crate) use start::StartReport;
pub use supervise::{Supervised, any_ended};
