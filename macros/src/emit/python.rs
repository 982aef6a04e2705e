//! The macros of `sundown-python`.

pub(crate) mod async_std;
pub(crate) mod class;
pub(crate) mod class_attribute;
mod class_methods;
pub(crate) mod main;
pub(crate) mod test;
