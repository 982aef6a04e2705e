//! `Teardown` for the handle types of std, tokio and tokio-util.

#[cfg(any(unix, windows))] // elsewhere std has the type, and can start none
mod child;
mod std_sync;
mod thread;
#[cfg(feature = "tokio")]
mod tokio_runtime;
#[cfg(feature = "tokio")]
mod tokio_sync;
#[cfg(feature = "tokio")]
mod tokio_task;

#[cfg(feature = "tokio")]
pub use tokio_task::try_join;
