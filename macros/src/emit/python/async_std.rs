//! `#[pyo3_async_runtimes::async_std::main]` and `test`: one error, because they are not supported.

use proc_macro2::{Span, TokenStream};
use quote::quote;

use crate::attr::errors::{Error, Errors};

/// An error, and a `main` in place of the user's.
pub(crate) fn attribute(name: &str) -> TokenStream {
    let mut errors = Errors::default();
    errors.push(
        Error::at_span(Span::call_site(), "async-std is not supported")
            .help(format!("write `#[pyo3_async_runtimes::tokio::{name}]`")),
    );
    let main = (name == "main").then(|| {
        quote!(
            fn main() {}
        )
    });
    quote!(#errors #main)
}
