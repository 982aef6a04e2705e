//! Where a task waits: for who asks what a shutdown waits for.
//!
//! tokio tells it with its feature `taskdump`, to programs that are built with `--cfg tokio_unstable`. Elsewhere nothing is known.

#[cfg(all(feature = "taskdump", tokio_unstable))]
mod traced;
#[cfg(not(all(feature = "taskdump", tokio_unstable)))]
mod untraced;

#[cfg(all(feature = "taskdump", tokio_unstable))]
pub(super) use self::traced::{place, traceable};
#[cfg(not(all(feature = "taskdump", tokio_unstable)))]
pub(super) use self::untraced::{place, traceable};
