//! The macros of `sundown`. Depend on `sundown`: it re-exports them, with their documentation.
//!
//! The stages are in `expand`: parse, model, check, expand. Types of `proc_macro` stop in this file, so that everything
//! behind it can be tested.

mod args;
mod attribute;
mod check;
mod docs;
mod duration;
mod errors;
mod expand;
mod fallback;
mod forgotten;
mod methods;
mod model;
mod moves;
mod parse;
mod quotes;
mod spans;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

use crate::parse::Flavour;

#[allow(missing_docs)] // documented where it is re-exported, so that the examples run
#[proc_macro_attribute]
pub fn must_shutdown(args: TokenStream, item: TokenStream) -> TokenStream {
    attribute::must_shutdown(args.into(), item.into()).into()
}

#[allow(missing_docs)] // documented where it is re-exported, so that the examples run
#[proc_macro_derive(Teardown, attributes(shutdown, teardown))]
pub fn derive_teardown(item: TokenStream) -> TokenStream {
    expand::derive(Flavour::Teardown, item.into()).into()
}

/// What `#[must_shutdown]` leaves on the struct: it sees the fields after `cfg` and `cfg_attr` are resolved.
#[doc(hidden)]
#[proc_macro_derive(__MustShutdown, attributes(shutdown, __sundown))]
pub fn derive_must_shutdown(item: TokenStream) -> TokenStream {
    expand::derive(Flavour::MustShutdown, item.into()).into()
}
