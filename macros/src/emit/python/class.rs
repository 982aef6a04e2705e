//! `#[pyclass_teardown]` on the struct: as `#[must_shutdown]`, but that the value is Python's.
//!
//! What tears it down is made of clones of its handles; so the expansion implements `Class`, which gives them, and `Drop`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, ItemImpl, Meta, Token};

use crate::attr::errors::{Error, Errors};
use crate::attr::spans::placed;
use crate::attr::written::{self, Flavour};
use crate::emit::attribute::{
    guard_has_a_type, keyword, last_is, no_derive_of_teardown, no_second_attribute, no_shutdown_on_the_struct,
    without_ours,
};
use crate::emit::derive::{implement, implement_hidden, uses_of_moves};
use crate::emit::docs;
use crate::emit::operations::{self, Borrow};
use crate::emit::python::class_methods;
use crate::emit::quotes::{Krate, local};
use crate::emit::stubs;
use crate::model::structure::Model;

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
    let said = Said::of(&input.attrs);
    if !said.is_pyclass {
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
    let name = said.name.filter(|_| read.name.is_none()).map(|name| quote!(name = #name,));
    let unsendable = said.is_unsendable.then(|| quote!(__unsendable,));
    let extends = said.extends.then(|| quote!(__extends,));
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

/// What `#[pyclass]` says of the class, below a `cfg_attr` too.
#[derive(Default)]
struct Said {
    is_pyclass: bool,
    is_unsendable: bool,
    extends: bool,
    name: Option<syn::LitStr>,
}

impl Said {
    fn of(attrs: &[Attribute]) -> Self {
        let mut said = Said::default();
        attrs.iter().for_each(|attr| said.look(&attr.meta));
        said
    }

    fn look(&mut self, meta: &Meta) {
        if last_is(meta.path(), "pyclass") {
            self.is_pyclass = true;
            self.arguments(meta);
        } else if meta.path().is_ident("pyo3") {
            self.arguments(meta);
        } else if let Meta::List(list) = meta
            && list.path.is_ident("cfg_attr")
            && let Ok(metas) = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
        {
            metas.iter().skip(1).for_each(|meta| self.look(meta));
        }
    }

    fn arguments(&mut self, meta: &Meta) {
        let Meta::List(list) = meta else { return };
        // One that is no meta (`extends = Base`) is skipped with the others read: each is looked at alone.
        let Ok(all) = list.parse_args_with(Punctuated::<Argument, Token![,]>::parse_terminated) else { return };
        for Argument { key, value } in all {
            if key == "unsendable" {
                self.is_unsendable = true;
            } else if key == "extends" {
                self.extends = true;
            } else if key == "name"
                && let Some(syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(name), .. })) = value
            {
                self.name = Some(name);
            }
        }
    }
}

/// `key` or `key = value`.
pub(crate) struct Argument {
    pub(crate) key: syn::Ident,
    pub(crate) value: Option<syn::Expr>,
}

impl syn::parse::Parse for Argument {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        use syn::ext::IdentExt as _;
        let key = input.call(syn::Ident::parse_any)?;
        let value = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse()?),
            None => {
                // `signature = …` has a value, `new(…)` has none and a group.
                while !input.is_empty() && !input.peek(Token![,]) {
                    input.parse::<proc_macro2::TokenTree>()?;
                }
                None
            }
        };
        Ok(Argument { key, value })
    }
}

/// What the derive expands to, beside the spec.
pub(crate) fn class(model: &Model<'_>, krate: &Krate) -> TokenStream {
    let rt = krate.rt();
    let ident = model.ident();
    let unsendable = model.args.unsendable;
    let guard = model.guards().next().map(|(guard, _)| operations::field_ref(model, guard, Borrow::Shared));
    let handles = model.steps().map(|(field, step)| operations::kept(model, field, step, krate));
    let this = operations::receiver(model, Borrow::Shared);
    let uses_moves = model.steps().any(|(_, step)| step.is_custom()).then(|| uses_of_moves(krate));
    let bases = model.args.extends.then(|| {
        local! {
            fn bases(
                object: &#rt::python::pyo3::Bound<'_, Self>,
            ) -> #rt::python::pyo3::PyResult<#rt::python::Bases> {
                #[allow(unused_imports)]
                use #rt::python::{Annotated as _, NotAnnotated as _};
                (&#rt::python::Base(object.as_super())).objects()
            }
        }
    });
    let class = implement_hidden(
        model,
        local!(#rt::python::Class),
        local! {
            const UNSENDABLE: bool = #unsendable;

            fn entry(#this) -> &::std::sync::Arc<#rt::Entry> {
                #rt::entry::<Self>(#guard)
            }

            #bases

            #[allow(unused_qualifications)]
            fn handles(#this) -> ::std::vec::Vec<#rt::python::Kept> {
                #uses_moves
                ::std::vec::Vec::from([#(#handles),*])
            }
        },
    );
    let drop = implement(
        model,
        local!(::core::ops::Drop),
        local! {
            fn drop(&mut self) {
                #rt::python::dropped_value::<Self>(self);
            }
        },
    );
    let call = placed(local!(has_methods::<#ident>), ident.span());
    local! {
        #class
        #drop
        const _: () = {
            const fn has_methods<T: #rt::python::Methods>() {}
            #call()
        };
    }
}
