//! The expansion: from what we decided to tokens.

pub(crate) mod attribute;
pub(crate) mod derive;
mod docs;
mod forgotten;
mod methods;
mod operations;
pub(crate) mod python;
mod quotes;
mod stubs;
