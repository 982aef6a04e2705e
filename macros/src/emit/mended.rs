//! The user's struct without what `model::item` reported: it is emitted all the same, and rustc would complain once more.

use quote::quote;
use syn::{Data, DeriveInput, Meta, PathArguments, Type};

use crate::attr::flavour::Flavour;
use crate::attr::item::{DeriveOf, bare_guard, is_second, is_shutdown};

/// The same struct, mended.
pub(crate) fn mended(flavour: Flavour, mut input: DeriveInput) -> DeriveInput {
    input.attrs.retain(|attr| {
        let is_other = flavour == Flavour::PyClass && is_second(attr, Flavour::MustShutdown);
        !is_second(attr, flavour) && !is_other && !is_shutdown(attr)
    });
    for attr in &mut input.attrs {
        for refused in ["Teardown", "Clone"] {
            if let Some(DeriveOf { others, .. }) = DeriveOf::read(attr, refused)
                && let Meta::List(list) = &mut attr.meta
            {
                list.tokens = quote!(#(#others),*);
            }
        }
    }
    if let Data::Struct(data) = &mut input.data {
        data.fields.iter_mut().for_each(|field| guard_of_self(&mut field.ty));
    }
    input
}

fn guard_of_self(ty: &mut Type) {
    if bare_guard(ty).is_some()
        && let Type::Path(ty) = ty
        && let Some(segment) = ty.path.segments.last_mut()
    {
        segment.arguments = PathArguments::AngleBracketed(syn::parse_quote!(<Self>));
    }
}
