//! What the platform says: whether the process exits, whether it was forked, and the list of the threads that run
//! users' code.

pub mod exit;
pub mod fork;
pub mod user_threads;
