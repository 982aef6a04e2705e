//! `Teardown` for the handle types of std, tokio and tokio-util.

#[cfg(unix)]
mod child;
#[cfg(feature = "tokio")]
pub(crate) mod ended;
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
