//! Shutdown that is ordered, bounded, reported and safe in every context in which a value can be dropped.
//!
//! Annotate the struct that owns tasks, threads, child processes and pools with [`#[must_shutdown]`](must_shutdown), and
//! each field with `#[shutdown]`:
//!
//! ```
//! use sundown::{ShutdownGuard, Tasks, must_shutdown};
//! use tokio_util::sync::CancellationToken;
//!
//! #[must_shutdown(timeout = "10s")]
//! struct Runner {
//!     #[shutdown]
//!     stop: CancellationToken,
//!     #[shutdown(after = stop)]
//!     jobs: Tasks,
//!     guard: ShutdownGuard<Self>,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let mut runner =
//!     Runner { stop: CancellationToken::new(), jobs: Tasks::new(), guard: ShutdownGuard::new() };
//! let report = runner.shutdown().await.expect("every step stopped by itself");
//! println!("{report}");
//! # }
//! ```
//!
//! Everything stops in the same three moves under one deadline, [`Teardown`]: *ask*, *wait*, *force*. What became of each
//! step is in the [`Report`]. A value that is dropped without a shutdown is dealt with by place and [policy](OnDrop).
#![cfg_attr(docsrs, feature(doc_cfg))]

mod by_ref;
mod collections;
mod drive;
mod error;
mod exit;
mod foreign;
mod fork;
#[cfg(any(feature = "python", test))]
mod gate;
mod guard;
mod joiner;
mod latch;
#[cfg(any(feature = "python", test))]
mod mailbox;
mod memo;
mod observe;
mod on_drop;
mod orphans;
mod outcome;
mod plan;
#[cfg(all(feature = "process", target_os = "linux"))]
mod process;
#[cfg(feature = "python")]
pub mod python;
mod reaper;
pub mod registry;
mod report;
mod rt;
#[cfg(feature = "tokio")]
mod runtime_thread;
mod shared;
mod slot;
mod sync;
#[cfg(feature = "tokio")]
mod tasks;
mod teardown;
#[cfg(feature = "testing")]
pub mod testing;
mod thread;
mod user_threads;
mod waiters;

#[doc(hidden)]
pub mod __rt {
    pub use crate::rt::*;
}

pub use error::ShutdownError;
#[cfg(feature = "tokio")]
pub use foreign::try_join;
pub use guard::{Phase, ShutdownGuard};
pub use memo::Memo;
pub use on_drop::{Dropped, OnDrop, clear_hook as clear_drop_hook, set_hook as set_drop_hook};
pub use outcome::{Failure, Outcome};
#[cfg(all(feature = "process", target_os = "linux"))]
pub use process::Process;
pub use report::{Report, StepReport};
#[cfg(feature = "tokio")]
pub use runtime_thread::{Inbox, Reply, RuntimeThread, RuntimeThreadError, Undelivered};
pub use shared::{Shared, SharedGuard};
#[doc = include_str!("macro_docs/derive_teardown.md")]
pub use sundown_macros::Teardown;
#[doc = include_str!("macro_docs/must_shutdown.md")]
pub use sundown_macros::must_shutdown;
#[cfg(feature = "tokio")]
pub use tasks::{Closed, TaskInfo, Tasks};
pub use teardown::{Teardown, Wait};
pub use thread::{StopSignal, Thread};
