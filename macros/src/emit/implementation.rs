//! Impls of traits for the annotated struct.

use proc_macro2::TokenStream;
use syn::{Attribute, Data, DeriveInput};

use crate::emit::quotes::local;
use crate::model::structure::Model;

/// An impl of a trait for the struct.
pub(crate) fn implement(model: &Model<'_>, of: TokenStream, body: TokenStream) -> TokenStream {
    let ident = model.ident();
    let (impl_generics, ty_generics, where_clause) = model.input.generics.split_for_impl();
    let allow = allowances(model.input);
    local! {
        #[automatically_derived]
        #allow
        impl #impl_generics #of for #ident #ty_generics #where_clause {
            #body
        }
    }
}

/// An impl of a trait of `__rt`, which is no part of the user's docs.
pub(crate) fn implement_hidden(model: &Model<'_>, of: TokenStream, body: TokenStream) -> TokenStream {
    let implementation = implement(model, of, body);
    local!(#[doc(hidden)] #implementation)
}

/// Silences the lints that take what the user wrote on the struct for something that our impls do.
pub(crate) fn allowances(input: &DeriveInput) -> TokenStream {
    // The struct's parameters in our impls are the user's own (rust-lang/rust#55058).
    let lifetimes = input.generics.lifetimes().next().map(|_| local!(#[allow(single_use_lifetimes)]));
    let deprecated = allow_deprecated(input);
    local!(#lifetimes #deprecated)
}

/// To name a deprecated struct, or a field of it, is not to use it.
pub(crate) fn allow_deprecated(input: &DeriveInput) -> Option<TokenStream> {
    let is_deprecated = |attrs: &[Attribute]| attrs.iter().any(|attr| attr.path().is_ident("deprecated"));
    let fields = match &input.data {
        Data::Struct(data) => data.fields.iter().any(|field| is_deprecated(&field.attrs)),
        _ => false,
    };
    (fields || is_deprecated(&input.attrs)).then(|| local!(#[allow(deprecated)]))
}
