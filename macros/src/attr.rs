//! What the user wrote: our attributes and their arguments, with the errors of form.

pub(crate) mod arguments;
pub(crate) mod class_methods;
pub(crate) mod duration;
pub(crate) mod errors;
pub(crate) mod flavour;
pub(crate) mod item;
pub(crate) mod main_arguments;
pub(crate) mod pyo3;
pub(crate) mod spans;
pub(crate) mod values;
pub(crate) mod written;
