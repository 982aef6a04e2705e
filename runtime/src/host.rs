//! What the platform says: whether the process exits, whether it was forked, and the list of the threads that run users' code.

pub(crate) mod exit;
pub(crate) mod fork;
pub(crate) mod user_threads;
