//! Shutdown that is ordered, bounded, reported and safe in every context in which a value can be dropped.
//!
//! Annotate the struct that owns tasks, threads, child processes and pools with [`#[must_shutdown]`](must_shutdown), and
//! each field with `#[shutdown]`:
//!
//! ```
//! use sundown::{CancellationToken, ShutdownGuard, Tasks, must_shutdown};
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
//! Everything stops in the same three operations under one deadline, [`Teardown`]: *request*, *wait*, *force*. What
//! became of each step is in the [`Report`]. A value that is dropped without a shutdown is dealt with by place and
//! [policy](OnDrop).
#![cfg_attr(docsrs, feature(doc_cfg))]
#![allow(rustdoc::private_intra_doc_links, reason = "what `__internal` shows has its docs for readers of the source")]

#[cfg(all(feature = "process", not(any(target_os = "linux", target_os = "macos", target_os = "freebsd", windows))))]
compile_error!(
    "the feature `process` is for Linux, macOS, FreeBSD and Windows: elsewhere nothing tells when every process of a group \
     has ended"
);

// The layers, lowest first: a module imports from its own layer or a lower one (`cargo xtask lint` checks it).
mod sync;

mod host;

mod driver;

mod teardown;

mod observe;

mod plan;

mod value;

mod resource;

#[cfg(feature = "run")]
mod root;

mod internal;
mod rt;
#[cfg(feature = "testing")]
pub mod testing;

#[doc(hidden)]
pub mod __rt {
    pub use crate::rt::*;
}

/// What `sundown-python` is built on. No semver: it is pinned to the same version, nothing else may use it.
#[doc(hidden)]
pub mod __internal {
    pub use crate::internal::*;
}

/// HTTP: a [`Server`](http::Server) that drains its connections, and aborts by name what outlives the deadline.
#[cfg(feature = "http")]
pub mod http {
    pub use crate::resource::http::{Listener, Peer, Server, ServerBuilder, Streams, UnixPeer};
}

pub use plan::OnDrop;
#[cfg(feature = "tokio")]
pub use resource::{
    Closed, Group, Inbox, Refused, Reply, RuntimeThread, RuntimeThreadBuilder, RuntimeThreadError, TaskInfo, Tasks,
    Undelivered, try_join,
};
#[cfg(feature = "process")]
pub use resource::{Process, ProcessRequest};
pub use resource::{StopSignal, Thread};
#[cfg(feature = "run")]
pub use root::{Exit, Lifecycle, PhaseReport, Root, StopReason, run};
#[doc = include_str!("macro_docs/derive_teardown.md")]
pub use sundown_macros::Teardown;
#[doc = include_str!("macro_docs/must_shutdown.md")]
pub use sundown_macros::must_shutdown;
pub use teardown::{
    Ended, Failure, OnEnd, Outcome, Progress, Report, ShutdownError, StepReport, Teardown, Wait, Watch,
};
/// tokio-util's, so that what only passes tokens on needs no dependency of its own.
#[cfg(feature = "tokio")]
#[doc(no_inline)]
pub use tokio_util::sync::CancellationToken;
pub use value::{
    Dropped, Later, Phase, Shared, SharedGuard, ShutdownGuard, StartError, Supervised, any_ended, clear_drop_hook,
    registry, set_drop_hook,
};
