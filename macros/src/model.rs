//! What we decided: the part of each field, and the rules.

pub(crate) mod check;
pub(crate) mod structure;
