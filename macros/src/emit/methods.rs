//! The generated methods: their signatures and docs, for the real bodies and for the stubs after an error.

use proc_macro2::TokenStream;
use quote::format_ident;
use syn::{DeriveInput, Ident};

use crate::attr::written::StructArgs;
use crate::emit::implementation::allow_deprecated;
use crate::emit::quotes::{Krate, local};

/// The bodies of the methods.
pub(crate) struct Bodies {
    pub(crate) shutdown: TokenStream,
    pub(crate) shutdown_within: TokenStream,
    pub(crate) shutdown_blocking: TokenStream,
    pub(crate) with_shutdown: TokenStream,
    pub(crate) request_shutdown: TokenStream,
}

/// Their names: after `shutdown`, or after what the user named.
pub(crate) struct Names {
    pub(crate) shutdown: Ident,
    within: Ident,
    blocking: Ident,
    pub(crate) with: Ident,
    request: Ident,
}

impl Names {
    pub(crate) fn of(args: &StructArgs) -> Self {
        let span = proc_macro2::Span::mixed_site();
        let word = args.methods.as_ref().map_or_else(|| "shutdown".to_owned(), Ident::to_string);
        Names {
            shutdown: Ident::new(&word, span),
            within: format_ident!("{word}_within", span = span),
            blocking: format_ident!("{word}_blocking", span = span),
            with: format_ident!("with_{word}", span = span),
            request: format_ident!("request_{word}", span = span),
        }
    }
}

/// The inherent impl.
pub(crate) fn methods(input: &DeriveInput, args: &StructArgs, bodies: &Bodies, krate: &Krate) -> TokenStream {
    let DeriveInput { ident, vis, .. } = input;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let shared = args.shared.is_some();
    let receiver = if shared { local!(&self) } else { local!(&mut self) };
    let (owner, lent) = match shared {
        true => (local!(self: ::std::sync::Arc<Self>), local!(&::std::sync::Arc<Self>)),
        false => (local!(mut self), local!(&mut Self)),
    };
    let result = krate.result();
    let (f, t) = (unused_param(input, "F"), unused_param(input, "T"));
    let Names { shutdown: name, within, blocking, with, request } = Names::of(args);
    let (another, blocks) = (
        format!(" Same as `{name}`, with another timeout for the whole."),
        format!(" Same as `{name}`, but blocks this thread until it has ended. Not for async code."),
    );
    let deprecated = allow_deprecated(input);
    let Bodies { shutdown, shutdown_within, shutdown_blocking, with_shutdown, request_shutdown } = bodies;
    let concurrent = match shared {
        true => " Concurrent calls share one teardown, and all get its report.",
        false => " A second call gets the report of the first.",
    };
    local! {
        #[allow(dead_code, single_use_lifetimes, clippy::future_not_send)]
        #deprecated
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
            #vis async fn #name(#receiver) -> #result {
                #shutdown
            }

            #[doc = #another]
            ///
            /// # Errors
            ///
            /// If a resource did not stop by itself. The error carries the report.
            ///
            /// # Cancel safety
            ///
            /// If the future is dropped half-way, call it again: it continues where it stopped.
            #vis async fn #within(#receiver, timeout: ::core::time::Duration) -> #result {
                #shutdown_within
            }

            #[doc = #blocks]
            ///
            /// # Errors
            ///
            /// If a resource did not stop by itself. The error carries the report.
            #vis fn #blocking(#receiver) -> #result {
                #shutdown_blocking
            }

            /// Runs `f`, then shuts down, however `f` ended.
            ///
            /// # Panics
            ///
            /// A panic of `f` continues after the shutdown.
            #vis async fn #with<#f, #t>(#owner, f: #f) -> (#t, #result)
            where
                #f: ::core::ops::AsyncFnOnce(#lent) -> #t,
            {
                #with_shutdown
            }

            /// Asks what can be asked through `&self` and waits for no other resource. Does not block.
            #vis fn #request(&self) {
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
