//! What can be stopped: resources of our own, and `Teardown` for the types of std, tokio and tokio-util.

mod collections;
mod foreign;
#[cfg(feature = "tokio")]
mod fresh;
#[cfg(feature = "tokio")]
mod group;
#[cfg(feature = "http")]
pub(crate) mod http;
pub mod joiner;
#[cfg(feature = "tokio")]
pub mod owned;
#[cfg(feature = "process")]
mod process;
#[cfg(feature = "tokio")]
pub(crate) mod runtime_thread;
#[cfg(feature = "tokio")]
pub(crate) mod tasks;
pub(crate) mod thread;

#[cfg(feature = "tokio")]
pub use foreign::try_join;
#[cfg(feature = "tokio")]
pub use group::{Group, Refused};
#[cfg(feature = "process")]
pub use process::{Process, ProcessRequest};
#[cfg(feature = "tokio")]
pub use runtime_thread::{Inbox, Reply, RuntimeThread, RuntimeThreadBuilder, RuntimeThreadError, Undelivered};
#[cfg(feature = "tokio")]
pub use tasks::{Closed, TaskInfo, Tasks};
pub use thread::{StopSignal, Thread};
