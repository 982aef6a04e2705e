//! `#[pyclass_teardown]` on the struct: as `#[must_shutdown]`, but Python owns the value.
//!
//! It re-emits the struct with the hidden derive, and with what `#[pyclass]` says in its arguments.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Data, DeriveInput, ItemImpl};

use crate::attr::errors::Errors;
use crate::attr::flavour::Flavour;
use crate::attr::pyo3::Pyclass;
use crate::attr::written;
use crate::emit::docs;
use crate::emit::mended::mended;
use crate::emit::python::class_methods;
use crate::emit::quotes::{Host, Krate};
use crate::emit::stripped::without_ours;
use crate::emit::stubs;
use crate::model::item;

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
    errors.push(item::no_class(&item));
    let item = without_ours(item);
    quote!(#item #errors)
}

fn of_struct(args: TokenStream, input: DeriveInput, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let read = written::attribute_args(Flavour::PyClass, args.clone(), &mut Errors::default());
    let pyclass = Pyclass::of(&input.attrs);
    if !pyclass.is_pyclass {
        errors.push(item::not_above_pyclass());
        let _ = written::attribute_args(Flavour::PyClass, args, &mut errors);
        let stubs = stubs::stubs(Host::Python, Flavour::PyClass, &input, &read);
        let item = without_ours(item);
        return quote!(#item #errors #stubs);
    }
    if !input.generics.params.is_empty() {
        // PyO3 refuses it, and says why.
        return without_ours(item);
    }
    item::check(Flavour::PyClass, &input, &mut errors);
    let clone = stubs::clone(&input);
    let mut input = mended(Flavour::PyClass, input);
    let docs = docs::section(Flavour::PyClass, &input, &read);
    let rt = Krate::new(Host::Python, read.krate.as_ref()).rt();
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
        #clone
    }
}
