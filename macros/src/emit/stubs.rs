//! What is expanded instead after an error: enough of the real thing that no second error follows from the first.

use proc_macro2::TokenStream;
use syn::DeriveInput;
use syn::ext::IdentExt as _;

use crate::attr::flavour::Flavour;
use crate::attr::item::derives_clone;
use crate::attr::written::StructArgs;
use crate::emit::methods::{Bodies, methods};
use crate::emit::quotes::{Host, Krate, local};
use crate::emit::starting;

/// Stubs of everything that the rest of the user's crate may refer to.
pub(crate) fn stubs(host: Host, flavour: Flavour, input: &DeriveInput, args: &StructArgs) -> TokenStream {
    let krate = &Krate::new(host, args.krate.as_ref());
    let guarded = flavour.is_guarded().then(|| guarded(input, krate));
    if flavour == Flavour::PyClass {
        let class = class(input, krate);
        return local!(#guarded #class);
    }
    if flavour == Flavour::MustShutdown && args.manual.is_some() {
        let ident = &input.ident;
        let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
        let by_hand = krate.by_hand();
        return local!(#guarded impl #impl_generics #by_hand for #ident #ty_generics #where_clause {});
    }
    let ident = &input.ident;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let (request_roots, stub) = (krate.request_roots(), stub());
    let teardown = teardown(&local!(#impl_generics), &local!(#ident #ty_generics #where_clause), krate);
    let annotated = annotated(input, args.shared.is_some(), krate);
    let by_ref = args.shared.as_ref().map(|_| by_ref(input, krate));
    let methods = (flavour == Flavour::MustShutdown).then(|| {
        let bodies = Bodies {
            shutdown: stub.clone(),
            shutdown_within: stub.clone(),
            shutdown_blocking: stub.clone(),
            with_shutdown: stub.clone(),
            request_shutdown: stub.clone(),
        };
        let methods = methods(input, args, &bodies, krate);
        let starting = starting::after_error(input, args, &stub, krate);
        local!(#[allow(unused, clippy::all, clippy::pedantic)] #methods #starting)
    });
    local! {
        #guarded
        #teardown
        #annotated
        #[allow(unused)]
        impl #impl_generics #request_roots for #ident #ty_generics #where_clause {
            fn request_roots(&self) {
                #stub
            }
        }
        #by_ref
        #methods
    }
}

/// The `Teardown` of `&T`.
fn by_ref(input: &DeriveInput, krate: &Krate) -> TokenStream {
    let ident = &input.ident;
    let (_, ty_generics, where_clause) = input.generics.split_for_impl();
    let mut generics = input.generics.clone();
    generics.params.insert(0, syn::parse_quote!('__shared));
    let (impl_generics, ..) = generics.split_for_impl();
    teardown(&local!(#impl_generics), &local!(&'__shared #ident #ty_generics #where_clause), krate)
}

fn teardown(impl_generics: &TokenStream, of: &TokenStream, krate: &Krate) -> TokenStream {
    let (teardown, progress, wait, stub) = (krate.teardown(), krate.progress(), krate.wait(), stub());
    local! {
        #[allow(unused)]
        impl #impl_generics #teardown for #of {
            fn request(&mut self, progress: &mut #progress) {
                #stub
            }
            fn wait<'__wait>(&'__wait mut self, progress: &'__wait mut #progress) -> #wait<'__wait> {
                #stub
            }
            fn force(&mut self, progress: &mut #progress) {
                #stub
            }
        }
    }
}

fn guarded(input: &DeriveInput, krate: &Krate) -> TokenStream {
    let ident = &input.ident;
    let (guarded, spec) = (krate.guarded(), spec(input, krate));
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    local! {
        impl #impl_generics #guarded for #ident #ty_generics #where_clause {
            #spec
        }
    }
}

/// By which a value is run, and its ends are watched.
fn annotated(input: &DeriveInput, shared: bool, krate: &Krate) -> TokenStream {
    let ident = &input.ident;
    let (rt, step, entry, spec, stub) = (krate.rt(), krate.step(), krate.entry_type(), spec(input, krate), stub());
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let shared = shared.then(|| {
        local! {
            impl #impl_generics #rt::AnnotatedShared for #ident #ty_generics #where_clause {
                fn steps_shared(&self) -> ::std::vec::Vec<#step<'_>> {
                    #stub
                }
            }
        }
    });
    local! {
        impl #impl_generics #rt::Annotated for #ident #ty_generics #where_clause {
            #spec
            fn steps(&mut self) -> ::std::vec::Vec<#step<'_>> {
                #stub
            }
            fn entry(&self) -> ::core::option::Option<&::std::sync::Arc<#entry>> {
                #stub
            }
        }
        #shared
    }
}

fn spec(input: &DeriveInput, krate: &Krate) -> TokenStream {
    let name = input.ident.unraw().to_string();
    let spec = krate.spec();
    local! {
        const SPEC: &'static #spec = &#spec {
            name: #name,
            timeout: ::core::time::Duration::ZERO,
            is_timeout_written: false,
            on_drop: ::core::option::Option::None,
            manual: true,
            steps: &[],
        };
    }
}

/// A `Clone` in the place of one that was refused, if the struct derives one: the rest of the crate may use it.
pub(crate) fn clone(input: &DeriveInput) -> Option<TokenStream> {
    if !derives_clone(&input.attrs) {
        return None;
    }
    let (ident, stub) = (&input.ident, stub());
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    Some(local! {
        #[allow(unused, clippy::all, clippy::pedantic)]
        impl #impl_generics ::core::clone::Clone for #ident #ty_generics #where_clause {
            fn clone(&self) -> Self {
                #stub
            }
        }
    })
}

fn class(input: &DeriveInput, krate: &Krate) -> TokenStream {
    let ident = &input.ident;
    let (class, entry, handle, stub) =
        (krate.python().class(), krate.entry_type(), krate.python().resource_handle_type(), stub());
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    local! {
        #[allow(unused)]
        impl #impl_generics #class for #ident #ty_generics #where_clause {
            const UNSENDABLE: bool = false;
            fn entry(&self) -> &::std::sync::Arc<#entry> {
                #stub
            }
            fn handles(&self) -> ::std::vec::Vec<#handle> {
                #stub
            }
        }
    }
}

fn stub() -> TokenStream {
    local!(::core::unreachable!("the macro reported errors"))
}
