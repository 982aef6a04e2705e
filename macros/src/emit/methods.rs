//! The generated methods: their signatures and docs, for the real bodies and for the stubs after an error.

use proc_macro2::TokenStream;
use syn::{DeriveInput, Ident};

use crate::emit::quotes::{Krate, local};

/// The bodies of the methods.
pub(crate) struct Bodies {
    pub(crate) shutdown: TokenStream,
    pub(crate) shutdown_within: TokenStream,
    pub(crate) shutdown_blocking: TokenStream,
    pub(crate) with_shutdown: TokenStream,
    pub(crate) request_shutdown: TokenStream,
}

/// The inherent impl.
pub(crate) fn methods(input: &DeriveInput, shared: bool, bodies: &Bodies, krate: &Krate) -> TokenStream {
    let DeriveInput { ident, vis, .. } = input;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let receiver = if shared { local!(&self) } else { local!(&mut self) };
    let result = krate.result();
    let (f, t) = (unused_param(input, "F"), unused_param(input, "T"));
    let Bodies { shutdown, shutdown_within, shutdown_blocking, with_shutdown, request_shutdown } = bodies;
    let concurrent = match shared {
        true => " Concurrent calls share one teardown, and all get its report.",
        false => " A second call gets the report of the first.",
    };
    local! {
        #[allow(dead_code, single_use_lifetimes, clippy::future_not_send)]
        impl #impl_generics #ident #ty_generics #where_clause {
            /// Shuts down: asks each resource to stop, waits for it, and forces it when its time is up.
            ///
            #[doc = #concurrent]
            ///
            /// # Errors
            ///
            /// If a resource did not stop by itself. The error carries the report.
            ///
            /// # Cancel safety
            ///
            /// If the future is dropped half-way, call it again: it continues where it stopped.
            #vis async fn shutdown(#receiver) -> #result {
                #shutdown
            }

            /// Same as `shutdown`, with another timeout for the whole.
            ///
            /// # Errors
            ///
            /// If a resource did not stop by itself. The error carries the report.
            ///
            /// # Cancel safety
            ///
            /// If the future is dropped half-way, call it again: it continues where it stopped.
            #vis async fn shutdown_within(#receiver, timeout: ::core::time::Duration) -> #result {
                #shutdown_within
            }

            /// Same as `shutdown`, but blocks this thread until it has ended. Not for async code.
            ///
            /// # Errors
            ///
            /// If a resource did not stop by itself. The error carries the report.
            #vis fn shutdown_blocking(#receiver) -> #result {
                #shutdown_blocking
            }

            /// Runs `f`, then shuts down, however `f` ended.
            ///
            /// # Panics
            ///
            /// A panic of `f` continues after the shutdown.
            #vis async fn with_shutdown<#f, #t>(mut self, f: #f) -> (#t, #result)
            where
                #f: ::core::ops::AsyncFnOnce(&mut Self) -> #t,
            {
                #with_shutdown
            }

            /// Asks what can be asked through `&self` and waits for no other resource. Does not block.
            #vis fn request_shutdown(&self) {
                #request_shutdown
            }
        }
    }
}

/// A name for a type parameter of a method that the struct does not use.
fn unused_param(input: &DeriveInput, name: &str) -> Ident {
    let span = proc_macro2::Span::mixed_site();
    let mut name = name.to_owned();
    while input.generics.params.iter().any(|param| match param {
        syn::GenericParam::Type(param) => param.ident == name,
        syn::GenericParam::Const(param) => param.ident == name,
        syn::GenericParam::Lifetime(_) => false,
    }) {
        name.insert_str(0, "__");
    }
    Ident::new(&name, span)
}
