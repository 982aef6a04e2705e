//! What the platform says: whether the process exits, whether it was forked, which threads run user code of ours.

pub(crate) mod exit;
pub(crate) mod fork;
pub(crate) mod user_threads;
