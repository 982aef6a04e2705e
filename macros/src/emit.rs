//! The expansion: from what we decided to tokens.

pub(crate) mod attribute;
pub(crate) mod derive;
mod docs;
mod forgotten;
mod implementation;
mod mended;
mod methods;
mod operations;
mod placed;
pub(crate) mod python;
pub(crate) mod quotes;
mod spelled;
mod starting;
mod stripped;
mod stubs;
