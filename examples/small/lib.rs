//! Small programs, one idea each: the examples of this package.

/// Its code runs as doctests.
#[cfg(all(doctest, feature = "tokio"))]
#[doc = include_str!("../../docs/FROM_TOKIO_GRACEFUL_SHUTDOWN.md")]
pub struct FromTokioGracefulShutdown;
