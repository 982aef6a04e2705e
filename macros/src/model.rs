//! What we decided: the part of each field, and the rules.

pub(crate) mod check;
pub(crate) mod class_methods;
pub(crate) mod function;
pub(crate) mod item;
pub(crate) mod structure;
pub(crate) mod types;
