//! Impls of traits for the annotated struct.

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::emit::quotes::local;
use crate::model::structure::Model;

/// An impl of a trait for the struct.
pub(crate) fn implement(model: &Model<'_>, of: TokenStream, body: TokenStream) -> TokenStream {
    let ident = model.ident();
    let (impl_generics, ty_generics, where_clause) = model.input.generics.split_for_impl();
    let allow = lifetimes_of_ours(model.input);
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

/// Silences a lint that takes the struct's parameters in our impls for the user's own (rust-lang/rust#55058).
pub(crate) fn lifetimes_of_ours(input: &DeriveInput) -> Option<TokenStream> {
    input.generics.lifetimes().next().map(|_| local!(#[allow(single_use_lifetimes)]))
}
