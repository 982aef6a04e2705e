//! `#[pyclass_teardown]` on the struct: as `#[must_shutdown]`, but that the value is Python's.
//!
//! It re-emits the struct with the hidden derive, and with what `#[pyclass]` says in its arguments.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, Data, DeriveInput, ItemImpl};

use crate::attr::errors::{Error, Errors};
use crate::attr::flavour::Flavour;
use crate::attr::item::{keyword, last_is};
use crate::attr::pyo3::Pyclass;
use crate::attr::written;
use crate::emit::attribute::{guard_has_a_type, no_derive_of_teardown, no_second_attribute, no_shutdown_on_the_struct};
use crate::emit::docs;
use crate::emit::python::class_methods;
use crate::emit::quotes::Krate;
use crate::emit::stripped::without_ours;
use crate::emit::stubs;

/// Expands the attribute.
pub(crate) fn pyclass_teardown(args: TokenStream, item: TokenStream) -> TokenStream {
    if let Ok(block) = syn::parse2::<ItemImpl>(item.clone()) {
        return class_methods::expand(args, block, item);
    }
    match syn::parse2::<DeriveInput>(item.clone()) {
        Ok(input) if matches!(input.data, Data::Struct(_)) => of_struct(args, input, item),
        _ => wrong_item(item),
    }
}

fn wrong_item(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let at = match syn::parse2::<DeriveInput>(item.clone()).map(|input| input.data) {
        Ok(Data::Enum(data)) => data.enum_token.to_token_stream(),
        Ok(Data::Union(data)) => data.union_token.to_token_stream(),
        _ => keyword(&item),
    };
    errors.push(
        Error::at(&at, "`#[pyclass_teardown]` needs a struct or its methods")
            .help("put it above the `#[pyclass]` of a struct, and above the `#[pymethods]` of its impl"),
    );
    let item = without_ours(item);
    quote!(#item #errors)
}

fn of_struct(args: TokenStream, mut input: DeriveInput, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let read = written::attribute_args(Flavour::PyClass, args.clone(), &mut Errors::default());
    let pyclass = Pyclass::of(&input.attrs);
    if !pyclass.is_pyclass {
        errors.push(
            Error::at_span(Span::call_site(), "`#[pyclass_teardown]` must be above `#[pyclass]`")
                .help("write `#[pyclass_teardown]` first, and `#[pyclass]` below it"),
        );
        let _ = written::attribute_args(Flavour::PyClass, args, &mut errors);
        let stubs = stubs::stubs(Flavour::PyClass, &input, &read);
        let item = without_ours(item);
        return quote!(#item #errors #stubs);
    }
    if !input.generics.params.is_empty() {
        // PyO3 refuses it, and says why.
        return without_ours(item);
    }
    no_second_attribute(Flavour::PyClass, &mut input, &mut errors);
    no_must_shutdown(&mut input, &mut errors);
    no_derive_of_teardown(Flavour::PyClass, &mut input, &mut errors);
    no_shutdown_on_the_struct(Flavour::PyClass, &mut input, &mut errors);
    guard_has_a_type(&mut input, &mut errors);
    let docs = docs::section(Flavour::PyClass, &input, &read);
    let rt = Krate::new(read.krate.as_ref()).rt();
    let name = pyclass.name.filter(|_| read.name.is_none()).map(|name| quote!(name = #name,));
    let unsendable = pyclass.is_unsendable.then(|| quote!(__unsendable,));
    let extends = pyclass.extends.then(|| quote!(__extends,));
    let carrier = quote_spanned!(Span::call_site()=> __sundown);
    let attrs = std::mem::take(&mut input.attrs);
    quote! {
        #(#attrs)*
        #docs
        #[::core::prelude::v1::derive(#rt::PyClassTeardown)]
        #[#carrier(#name #unsendable #extends #args)]
        #input
        #errors
    }
}

fn no_must_shutdown(input: &mut DeriveInput, errors: &mut Errors) {
    let is_it = |attr: &Attribute| last_is(attr.path(), "must_shutdown");
    if let Some(attr) = input.attrs.iter().find(|attr| is_it(attr)) {
        errors.push(
            Error::at(attr.path(), format!("`{}` has two shutdowns", input.ident))
                .note("`#[pyclass_teardown]` generates the one of a Python class")
                .help("remove `#[must_shutdown]`"),
        );
    }
    input.attrs.retain(|attr| !is_it(attr));
}
