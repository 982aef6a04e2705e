//! The assertion that a field without `#[shutdown]` is not a resource.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;

use crate::attr::flavour::Flavour;
use crate::attr::spans::ends;
use crate::emit::implementation::allow_deprecated;
use crate::emit::placed::placed;
use crate::emit::quotes::{Krate, local};
use crate::emit::spelled::spelled_out;
use crate::model::structure::{Field, Model};

/// The assertions that can be made where the struct is: one constant each, so that each fails alone.
pub(crate) fn here(model: &Model<'_>, krate: &Krate) -> TokenStream {
    let deprecated = allow_deprecated(model.input);
    let not_handle = (model.flavour == Flavour::PyClass).then(|| krate.python().not_handle());
    let not_handle = not_handle.map(|not_handle| local!(use #not_handle as _;));
    model
        .bystanders()
        .filter(|field| !model.is_generic(field.ty))
        .map(|field| {
            let assertion = assertion(model, field, &outside(model, field.ty), krate);
            local! {
                #deprecated
                const _: () = {
                    #not_handle
                    #assertion
                };
            }
        })
        .collect()
}

/// The assertions about types that name a parameter: statements for the spec, which is evaluated when a guard of the
/// concrete type is made.
pub(crate) fn at_instantiation(model: &Model<'_>, krate: &Krate) -> TokenStream {
    model
        .bystanders()
        .filter(|field| model.is_generic(field.ty))
        .map(|field| {
            let ty = field.ty;
            assertion(model, field, &quote!(#ty), krate)
        })
        .collect()
}

fn assertion(model: &Model<'_>, field: &Field<'_>, ty: &TokenStream, krate: &Krate) -> TokenStream {
    // All tokens are in the user's place, so that rustc shows the error in the struct.
    let span = ends(&field.place()).0;
    let rt = placed(krate.rt(), span);
    let name = field.name();
    let found = quote_spanned!(span=> #rt::search!(#ty));
    if model.flavour == Flavour::PyClass {
        let (not_forgotten, handles) = (krate.python().not_forgotten(), krate.python().handles());
        let not_forgotten = placed(not_forgotten, span);
        let handles = placed(handles, span);
        return quote_spanned!(span=> #not_forgotten(#name, #found, <#handles<#ty>>::HANDLE););
    }
    quote_spanned!(span=> #rt::not_forgotten(#name, #found);)
}

/// The type of a field, as it is written outside of the impls: `Self` is spelled out, and lifetimes of the struct are
/// `'static`.
fn outside(model: &Model<'_>, ty: &Type) -> TokenStream {
    let ident = model.ident();
    let lifetimes: Vec<&Ident> = model.input.generics.lifetimes().map(|param| &param.lifetime.ident).collect();
    let statics = lifetimes.iter().map(|_| quote!('static));
    let this = if lifetimes.is_empty() { quote!(#ident) } else { quote!(#ident<#(#statics),*>) };
    spelled_out(ty.to_token_stream(), &lifetimes, &this)
}
