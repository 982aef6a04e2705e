//! The macros of `sundown` and `sundown-python`. Depend on one of these: they re-export them, with their documentation.
//! Where both have a macro, it is here once for each: what is expanded must name the crate that its user depends on.
//!
//! The layers, lowest first: `attr` reads, `model` decides, `emit` expands; `emit::derive` shows the whole way. Types of
//! `proc_macro` stop in this file, so that everything behind it can be tested.

mod attr;
mod emit;
mod model;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

use crate::attr::flavour::Flavour;
use crate::emit::python::{async_std, class_attribute, main, test};
use crate::emit::quotes::Host;
use crate::emit::{attribute, derive};

#[allow(missing_docs)] // documented where it is re-exported, so that the examples run
#[proc_macro_attribute]
pub fn must_shutdown(args: TokenStream, item: TokenStream) -> TokenStream {
    attribute::must_shutdown(Host::Core, args.into(), item.into()).into()
}

#[allow(missing_docs)] // documented where it is re-exported, so that the examples run
#[proc_macro_derive(Teardown, attributes(shutdown, teardown))]
pub fn derive_teardown(item: TokenStream) -> TokenStream {
    derive::derive(Host::Core, Flavour::Teardown, item.into()).into()
}

#[allow(missing_docs)] // documented where it is re-exported: `sundown_python::must_shutdown`
#[proc_macro_attribute]
pub fn python_must_shutdown(args: TokenStream, item: TokenStream) -> TokenStream {
    attribute::must_shutdown(Host::Python, args.into(), item.into()).into()
}

/// `sundown_python::Teardown`.
#[doc(hidden)]
#[proc_macro_derive(__PythonTeardown, attributes(shutdown, teardown))]
pub fn derive_python_teardown(item: TokenStream) -> TokenStream {
    derive::derive(Host::Python, Flavour::Teardown, item.into()).into()
}

/// What `#[sundown_python::must_shutdown]` leaves on the struct.
#[doc(hidden)]
#[proc_macro_derive(__PythonMustShutdown, attributes(shutdown, __sundown))]
pub fn derive_python_must_shutdown(item: TokenStream) -> TokenStream {
    derive::derive(Host::Python, Flavour::MustShutdown, item.into()).into()
}

#[allow(missing_docs)] // documented where it is re-exported: `sundown_python::pyclass_teardown`
#[proc_macro_attribute]
pub fn pyclass_teardown(args: TokenStream, item: TokenStream) -> TokenStream {
    class_attribute::pyclass_teardown(args.into(), item.into()).into()
}

/// What `#[pyclass_teardown]` leaves on the struct.
#[doc(hidden)]
#[proc_macro_derive(__PyClassTeardown, attributes(shutdown, __sundown))]
pub fn derive_pyclass_teardown(item: TokenStream) -> TokenStream {
    derive::derive(Host::Python, Flavour::PyClass, item.into()).into()
}

/// What `#[must_shutdown]` leaves on the struct: it sees the fields after `cfg` and `cfg_attr` are resolved.
#[doc(hidden)]
#[proc_macro_derive(__MustShutdown, attributes(shutdown, __sundown))]
pub fn derive_must_shutdown(item: TokenStream) -> TokenStream {
    derive::derive(Host::Core, Flavour::MustShutdown, item.into()).into()
}

#[allow(missing_docs)] // documented where it is re-exported: `sundown_python::main`
#[proc_macro_attribute]
pub fn python_main(args: TokenStream, item: TokenStream) -> TokenStream {
    main::main(Host::Python, args.into(), item.into()).into()
}

/// `pyo3_async_runtimes::tokio::main` of the package that stands in for the original.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn __shim_main(args: TokenStream, item: TokenStream) -> TokenStream {
    main::main(Host::Shim, args.into(), item.into()).into()
}

/// `pyo3_async_runtimes::tokio::test` of the package that stands in for the original.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn __shim_test(_: TokenStream, item: TokenStream) -> TokenStream {
    test::test(item.into()).into()
}

/// `pyo3_async_runtimes::async_std::main`: an error that says what to do.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn __shim_async_std_main(_: TokenStream, _: TokenStream) -> TokenStream {
    async_std::attribute("main").into()
}

/// `pyo3_async_runtimes::async_std::test`: an error that says what to do.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn __shim_async_std_test(_: TokenStream, _: TokenStream) -> TokenStream {
    async_std::attribute("test").into()
}
