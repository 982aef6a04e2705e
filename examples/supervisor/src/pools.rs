//! Thread pools: one of rayon's, and tokio's blocking one.

pub(crate) mod archive;
pub(crate) mod count;
