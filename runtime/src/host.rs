//! What the platform says: whether the process exits, and whether it was forked.

pub(crate) mod exit;
pub(crate) mod fork;
