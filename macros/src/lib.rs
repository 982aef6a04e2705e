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
mod pyclass;
mod pyclass_methods;
mod python_async_std;
mod python_main;
mod python_test;
mod quotes;
mod spans;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

use crate::parse::Flavour;
use crate::python_main::Host;

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

#[allow(missing_docs)] // documented where it is re-exported: `sundown::python::pyclass_teardown`
#[proc_macro_attribute]
pub fn pyclass_teardown(args: TokenStream, item: TokenStream) -> TokenStream {
    pyclass::pyclass_teardown(args.into(), item.into()).into()
}

/// What `#[pyclass_teardown]` leaves on the struct.
#[doc(hidden)]
#[proc_macro_derive(__PyClassTeardown, attributes(shutdown, __sundown))]
pub fn derive_pyclass_teardown(item: TokenStream) -> TokenStream {
    expand::derive(Flavour::PyClass, item.into()).into()
}

/// What `#[must_shutdown]` leaves on the struct: it sees the fields after `cfg` and `cfg_attr` are resolved.
#[doc(hidden)]
#[proc_macro_derive(__MustShutdown, attributes(shutdown, __sundown))]
pub fn derive_must_shutdown(item: TokenStream) -> TokenStream {
    expand::derive(Flavour::MustShutdown, item.into()).into()
}

#[allow(missing_docs)] // documented where it is re-exported: `sundown::python::main`
#[proc_macro_attribute]
pub fn python_main(args: TokenStream, item: TokenStream) -> TokenStream {
    python_main::main(Host::Sundown, args.into(), item.into()).into()
}

/// `pyo3_async_runtimes::tokio::main` of the package that stands in for the original.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn __shim_main(args: TokenStream, item: TokenStream) -> TokenStream {
    python_main::main(Host::Shim, args.into(), item.into()).into()
}

/// `pyo3_async_runtimes::tokio::test` of the package that stands in for the original.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn __shim_test(_: TokenStream, item: TokenStream) -> TokenStream {
    python_test::test(item.into()).into()
}

/// `pyo3_async_runtimes::async_std::main`: an error that says what to do.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn __shim_async_std_main(_: TokenStream, _: TokenStream) -> TokenStream {
    python_async_std::attribute("main").into()
}

/// `pyo3_async_runtimes::async_std::test`: an error that says what to do.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn __shim_async_std_test(_: TokenStream, _: TokenStream) -> TokenStream {
    python_async_std::attribute("test").into()
}
