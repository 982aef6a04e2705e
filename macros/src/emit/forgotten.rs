//! The assertion that a field without `#[shutdown]` is not a resource.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use crate::attr::flavour::Flavour;
use crate::attr::spans::ends;
use crate::emit::placed::placed;
use crate::emit::quotes::Krate;
use crate::model::structure::{Field, Model};

/// The assertions that can be made where the struct is: one constant each, so that each fails alone.
pub(crate) fn here(model: &Model<'_>, krate: &Krate) -> TokenStream {
    let rt = krate.rt();
    model
        .bystanders()
        .filter(|field| !model.is_generic(field.ty))
        .map(|field| {
            let assertion = assertion(model, field, &model.outside(field.ty), krate);
            crate::emit::quotes::local! {
                const _: () = {
                    use #rt::NotResource as _;
                    #assertion
                };
            }
        })
        .collect()
}

/// The assertions about types that name a parameter: statements for the spec, which is evaluated when a guard of the
/// concrete type is made.
pub(crate) fn at_instantiation(model: &Model<'_>, krate: &Krate) -> TokenStream {
    let rt = krate.rt();
    let assertions: TokenStream = model
        .bystanders()
        .filter(|field| model.is_generic(field.ty))
        .map(|field| {
            let ty = field.ty;
            assertion(model, field, &quote::quote!(#ty), krate)
        })
        .collect();
    if assertions.is_empty() {
        return assertions;
    }
    crate::emit::quotes::local! {
        use #rt::NotResource as _;
        #assertions
    }
}

fn assertion(model: &Model<'_>, field: &Field<'_>, ty: &TokenStream, krate: &Krate) -> TokenStream {
    // In the user's place altogether, so that the error is told as if it were in the struct.
    let span = ends(&field.place()).0;
    let rt = placed(krate.rt(), span);
    let name = field.name();
    let probe = quote_spanned!(span=> #rt::Probe<#ty>);
    if model.flavour == Flavour::PyClass {
        return quote_spanned! {span=>
            #rt::python::not_forgotten(
                #name, <#probe>::STOPS, <#probe>::KIND, <#probe>::BEHIND || <#probe>::COUNTED, <#probe>::HANDLE,
            );
        };
    }
    quote_spanned! {span=>
        #rt::not_forgotten(#name, <#probe>::STOPS, <#probe>::KIND, <#probe>::BEHIND, <#probe>::COUNTED);
    }
}
