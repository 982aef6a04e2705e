//! `#[must_shutdown]`: re-emits the struct with docs, `#[must_use]` and the hidden derive, which does the rest.
//!
//! The derive is expanded after `cfg` and `cfg_attr` on the fields are resolved. The arguments travel in `#[__sundown]`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Meta, Path, PathArguments, Token, Type};

use crate::attr::errors::{Error, Errors};
use crate::attr::flavour::Flavour;
use crate::attr::item::{keyword, last_is};
use crate::attr::written::{self, StructArgs};
use crate::emit::docs;
use crate::emit::quotes::Krate;
use crate::emit::stripped::without_ours;
use crate::emit::stubs;
use crate::model::check;

/// Expands the attribute.
pub(crate) fn must_shutdown(args: TokenStream, item: TokenStream) -> TokenStream {
    let Ok(mut input) = syn::parse2::<DeriveInput>(item.clone()) else {
        return wrong_item(item);
    };
    // The derive reads the arguments again, and tells what is wrong with them.
    let read = written::attribute_args(Flavour::MustShutdown, args.clone(), &mut Errors::default());
    if !matches!(input.data, Data::Struct(_)) {
        return not_a_struct(&input, item, &read);
    }
    let mut errors = Errors::default();
    no_second_attribute(Flavour::MustShutdown, &mut input, &mut errors);
    no_derive_of_teardown(Flavour::MustShutdown, &mut input, &mut errors);
    no_shutdown_on_the_struct(Flavour::MustShutdown, &mut input, &mut errors);
    guard_has_a_type(&mut input, &mut errors);
    let docs = docs::section(Flavour::MustShutdown, &input, &read);
    let must_use = must_use(&input, &read);
    let rt = Krate::new(read.krate.as_ref()).rt();
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
    }
}

fn must_use(input: &DeriveInput, args: &StructArgs) -> Option<TokenStream> {
    if input.attrs.iter().any(|attr| attr.path().is_ident("must_use")) {
        return None;
    }
    let name = input.ident.unraw();
    let reason = match args.manual {
        Some(_) => format!("`{name}` must be shut down"),
        None => format!("`{name}` must be shut down: call `shutdown().await`, or run it in `with_shutdown`"),
    };
    Some(quote!(#[must_use = #reason]))
}

pub(crate) fn no_second_attribute(flavour: Flavour, input: &mut DeriveInput, errors: &mut Errors) {
    let is_ours = |attr: &Attribute| last_is(attr.path(), flavour.attribute());
    for second in input.attrs.iter().filter(|attr| is_ours(attr)) {
        errors.push(
            Error::at(second.path(), format!("`{}` has two `{}`", input.ident, flavour.spelling()))
                .help("remove one of the two"),
        );
    }
    input.attrs.retain(|attr| !is_ours(attr));
}

pub(crate) fn no_derive_of_teardown(flavour: Flavour, input: &mut DeriveInput, errors: &mut Errors) {
    for attr in input.attrs.iter_mut().filter(|attr| attr.path().is_ident("derive")) {
        let Meta::List(list) = &mut attr.meta else { continue };
        let Ok(paths) = list.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated) else { continue };
        let (teardown, rest): (Vec<Path>, Vec<Path>) = paths.into_iter().partition(|path| last_is(path, "Teardown"));
        let Some(teardown) = teardown.first() else { continue };
        errors.push(derived_twice(flavour, teardown));
        list.tokens = quote!(#(#rest),*);
    }
}

/// Told here and not by the derive: rustc knows the attribute only below a derive that has it.
pub(crate) fn no_shutdown_on_the_struct(flavour: Flavour, input: &mut DeriveInput, errors: &mut Errors) {
    for stray in input.attrs.iter().filter(|attr| attr.path().is_ident("shutdown")) {
        errors.push(written::stray_shutdown(stray, flavour));
    }
    input.attrs.retain(|attr| !attr.path().is_ident("shutdown"));
}

/// A bare `ShutdownGuard` is told here and mended, or rustc would tell it too.
pub(crate) fn guard_has_a_type(input: &mut DeriveInput, errors: &mut Errors) {
    let Data::Struct(data) = &mut input.data else { return };
    for field in &mut data.fields {
        if let Type::Path(ty) = &mut field.ty
            && let Some(segment) = ty.path.segments.last_mut()
            && segment.ident == "ShutdownGuard"
            && segment.arguments.is_none()
        {
            errors.push(check::misspelled_guard(&segment));
            segment.arguments = PathArguments::AngleBracketed(syn::parse_quote!(<Self>));
        }
    }
}

/// The error for a struct with both macros, at the one that is too many.
pub(crate) fn derived_twice(flavour: Flavour, at: &impl ToTokens) -> Error {
    let what = match flavour {
        Flavour::PyClass => "a Python class is torn down by its methods",
        Flavour::MustShutdown | Flavour::Teardown => "`#[must_shutdown]` implements `Teardown` already",
    };
    Error::at(at, what).help("remove `Teardown` from the derive")
}

fn not_a_struct(input: &DeriveInput, item: TokenStream, args: &StructArgs) -> TokenStream {
    let mut errors = Errors::default();
    let _ = written::read(Flavour::MustShutdown, input, &mut errors);
    let item = without_ours(item);
    let stubs = stubs::stubs(Flavour::MustShutdown, input, args);
    quote!(#item #errors #stubs)
}

fn wrong_item(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    errors.push(
        Error::at(&keyword(&item), "`#[must_shutdown]` needs a struct")
            .help("put the attribute on the struct that owns the resources"),
    );
    let item = without_ours(item);
    quote!(#item #errors)
}
