//! `#[must_shutdown]`: re-emits the struct with docs, `#[must_use]` and the hidden derive, which does the rest.
//!
//! The derive is expanded after `cfg` and `cfg_attr` on the fields are resolved. The arguments travel in `#[__sundown]`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Data, DeriveInput};

use crate::attr::errors::Errors;
use crate::attr::flavour::Flavour;
use crate::attr::written::{self, StructArgs};
use crate::emit::docs;
use crate::emit::mended::mended;
use crate::emit::methods::Names;
use crate::emit::quotes::{Host, Krate};
use crate::emit::stripped::without_ours;
use crate::emit::stubs;
use crate::model::item;

/// Expands the attribute.
pub(crate) fn must_shutdown(host: Host, args: TokenStream, item: TokenStream) -> TokenStream {
    let Ok(input) = syn::parse2::<DeriveInput>(item.clone()) else {
        return wrong_item(item);
    };
    // The derive reads the arguments again, and reports what is wrong with them.
    let read = written::attribute_args(Flavour::MustShutdown, args.clone(), &mut Errors::default());
    if !matches!(input.data, Data::Struct(_)) {
        return not_a_struct(host, &input, item, &read);
    }
    let mut errors = Errors::default();
    item::check(Flavour::MustShutdown, &input, &mut errors);
    let clone = stubs::clone(&input);
    let mut input = mended(Flavour::MustShutdown, input);
    let docs = docs::section(Flavour::MustShutdown, &input, &read);
    let must_use = must_use(&input, &read);
    let rt = Krate::new(host, read.krate.as_ref()).rt();
    let carrier = quote_spanned!(Span::call_site()=> __sundown);
    let attrs = std::mem::take(&mut input.attrs);
    quote! {
        #(#attrs)*
        #docs
        #must_use
        #[::core::prelude::v1::derive(#rt::MustShutdown)]
        #[#carrier(#args)]
        #input
        #errors
        #clone
    }
}

fn must_use(input: &DeriveInput, args: &StructArgs) -> Option<TokenStream> {
    if input.attrs.iter().any(|attr| attr.path().is_ident("must_use")) {
        return None;
    }
    let name = input.ident.unraw();
    let reason = match args.manual {
        Some(_) => format!("`{name}` must be shut down"),
        None => {
            let Names { shutdown, with, .. } = Names::of(args);
            format!("`{name}` must be shut down: call `{shutdown}().await`, or run it in `{with}`")
        }
    };
    Some(quote!(#[must_use = #reason]))
}

fn not_a_struct(host: Host, input: &DeriveInput, item: TokenStream, args: &StructArgs) -> TokenStream {
    let mut errors = Errors::default();
    let _ = written::read(Flavour::MustShutdown, input, &mut errors);
    let item = without_ours(item);
    let stubs = stubs::stubs(host, Flavour::MustShutdown, input, args);
    quote!(#item #errors #stubs)
}

fn wrong_item(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    errors.push(item::no_struct(&item));
    let item = without_ours(item);
    quote!(#item #errors)
}
