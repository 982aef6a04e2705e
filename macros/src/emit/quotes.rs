//! The runtime crate: the paths into it that more than one place needs, and all those into its Python side.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Path;

use crate::emit::placed::placed;

/// `quote!` for code whose local names the user's code cannot see, nor be seen by.
macro_rules! local {
    ($($tokens:tt)*) => { ::quote::quote_spanned!(::proc_macro2::Span::mixed_site()=> $($tokens)*) };
}
pub(crate) use local;

/// One function for each path into a module.
macro_rules! paths {
    ($($function:ident => $name:ident,)*) => {
        $(pub(crate) fn $function(&self) -> TokenStream {
            let module = self.module();
            local!(#module::$name)
        })*
    };
}

/// The path of the runtime crate, with our spans: an error in what we call is not an error in `crate = path`.
#[derive(Clone)]
pub(crate) struct Krate(TokenStream);

impl Krate {
    pub(crate) fn new(path: Option<&Path>) -> Self {
        let span = Span::mixed_site();
        Krate(match path {
            Some(path) => placed(path.to_token_stream(), span),
            None => quote_spanned!(span=> ::sundown),
        })
    }

    /// The hidden module.
    pub(crate) fn rt(&self) -> TokenStream {
        let krate = &self.0;
        local!(#krate::__rt)
    }

    fn module(&self) -> TokenStream {
        self.rt()
    }

    paths! {
        ask_roots => AskRoots,
        by_hand => ByHand,
        entry => entry,
        entry_type => Entry,
        guarded => Guarded,
        not_resource => NotResource,
        spec => Spec,
        step => Step,
    }

    /// The hidden module of the Python side.
    pub(crate) fn python(&self) -> Python {
        let rt = self.rt();
        Python(local!(#rt::python))
    }

    pub(crate) fn teardown(&self) -> TokenStream {
        let krate = &self.0;
        local!(#krate::Teardown)
    }

    pub(crate) fn progress(&self) -> TokenStream {
        let krate = &self.0;
        local!(#krate::Progress)
    }

    pub(crate) fn wait(&self) -> TokenStream {
        let krate = &self.0;
        local!(#krate::Wait)
    }

    /// What every `shutdown` method returns.
    pub(crate) fn result(&self) -> TokenStream {
        let krate = &self.0;
        local!(::core::result::Result<#krate::Report, #krate::ShutdownError>)
    }

    pub(crate) fn on_drop(&self, policy: TokenStream) -> TokenStream {
        let krate = &self.0;
        local!(#krate::OnDrop::#policy)
    }
}

/// The paths into the Python side.
pub(crate) struct Python(TokenStream);

impl Python {
    fn module(&self) -> &TokenStream {
        &self.0
    }

    // The struct.
    paths! {
        base => Base,
        bases => Bases,
        class => Class,
        dropped_value => dropped_value,
        methods => Methods,
        not_forgotten => not_forgotten,
        resource_handle => resource_handle,
        resource_handle_type => ResourceHandle,
        resource_handle_with => resource_handle_with,
    }

    // Its methods.
    paths! {
        aclose => aclose,
        aenter => aenter,
        aexit => aexit,
        close => close,
        closed => closed,
        enter => enter,
        exit_context => exit_context,
        new_value => NewValue,
        pyo3 => pyo3,
        refusal => refusal,
        refusal_bound => refusal_bound,
        refusal_object => refusal_object,
        refuse => Refuse,
        running => running,
        running_object => running_object,
        shutdown_report => shutdown_report,
    }

    /// The traits that distinguish an annotated base class from others.
    pub(crate) fn use_of_bases(&self) -> TokenStream {
        let module = self.module();
        local!(use #module::{Annotated as _, NotAnnotated as _};)
    }

    /// The traits that distinguish a new value from what else a `#[new]` returns.
    pub(crate) fn use_of_register_new(&self) -> TokenStream {
        let module = self.module();
        local!(use #module::{RegisterNew as _, RegisterLater as _};)
    }

    // `#[main]`.
    paths! {
        flavor => Flavor,
        main => main,
    }
}

impl ToTokens for Krate {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.0.clone());
    }
}
