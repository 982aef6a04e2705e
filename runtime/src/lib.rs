#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod collections;
mod drive;
mod error;
mod exit;
mod guard;
mod memo;
mod observe;
mod on_drop;
mod orphans;
mod outcome;
mod plan;
mod reaper;
pub mod registry;
mod report;
mod rt;
mod slot;
mod sync;
mod teardown;

#[doc(hidden)]
pub mod __rt {
    pub use crate::rt::*;
}

pub use error::ShutdownError;
pub use guard::{Phase, ShutdownGuard};
pub use memo::Memo;
pub use on_drop::{Dropped, OnDrop, clear_hook as clear_drop_hook, set_hook as set_drop_hook};
pub use outcome::{Failure, Outcome};
pub use report::{Report, StepReport};
pub use teardown::{Teardown, Wait};
