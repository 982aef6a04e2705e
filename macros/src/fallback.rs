//! What is expanded instead after an error: enough of the real thing that no second error follows from the first.

use proc_macro2::TokenStream;
use syn::DeriveInput;
use syn::ext::IdentExt as _;

use crate::methods::{Bodies, methods};
use crate::parse::{Flavour, StructArgs};
use crate::quotes::{Krate, local};

/// Stubs of everything that the rest of the user's crate may refer to.
pub(crate) fn stubs(flavour: Flavour, input: &DeriveInput, args: &StructArgs) -> TokenStream {
    let krate = &Krate::new(args.krate.as_ref());
    let guarded = (flavour == Flavour::MustShutdown).then(|| guarded(input, krate));
    if flavour == Flavour::MustShutdown && args.manual.is_some() {
        return guarded.unwrap_or_default();
    }
    let ident = &input.ident;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let (rt, teardown, memo, wait, stub) = (krate.rt(), krate.teardown(), krate.memo(), krate.wait(), stub());
    let methods = (flavour == Flavour::MustShutdown).then(|| {
        let bodies = Bodies {
            shutdown: stub.clone(),
            shutdown_within: stub.clone(),
            shutdown_blocking: stub.clone(),
            with_shutdown: stub.clone(),
            request_shutdown: stub.clone(),
        };
        let methods = methods(input, args.shared.is_some(), &bodies, krate);
        local!(#[allow(unused, clippy::all, clippy::pedantic)] #methods)
    });
    local! {
        #guarded
        #[allow(unused)]
        impl #impl_generics #teardown for #ident #ty_generics #where_clause {
            fn request(&mut self, memo: &mut #memo) {
                #stub
            }
            fn wait<'__wait>(&'__wait mut self, memo: &'__wait mut #memo) -> #wait<'__wait> {
                #stub
            }
            fn force(&mut self, memo: &mut #memo) {
                #stub
            }
        }
        #[allow(unused)]
        impl #impl_generics #rt::AskRoots for #ident #ty_generics #where_clause {
            fn ask_roots(&self) {
                #stub
            }
        }
        #methods
    }
}

fn guarded(input: &DeriveInput, krate: &Krate) -> TokenStream {
    let ident = &input.ident;
    let name = ident.unraw().to_string();
    let rt = krate.rt();
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    local! {
        impl #impl_generics #rt::Guarded for #ident #ty_generics #where_clause {
            const SPEC: &'static #rt::Spec = &#rt::Spec {
                name: #name,
                timeout: ::core::time::Duration::ZERO,
                on_drop: ::core::option::Option::None,
                manual: true,
                steps: &[],
            };
        }
    }
}

fn stub() -> TokenStream {
    local!(::core::unreachable!("the macro reported errors"))
}
