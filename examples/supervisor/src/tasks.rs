//! The six background tasks. They are of six kinds, and so are their ends.

pub(crate) mod heartbeat;
pub(crate) mod journal;
pub(crate) mod statsd;
pub(crate) mod status;
pub(crate) mod watcher;
pub(crate) mod worker;
