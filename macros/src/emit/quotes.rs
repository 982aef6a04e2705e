//! The crate that an expansion goes into: the paths that more than one place needs, and all those into the Python side.

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

/// Whose macro was named. Its users depend on that crate, and need not name another.
#[derive(Clone, Copy)]
pub(crate) enum Host {
    /// `sundown`.
    Core,
    /// `sundown-python`.
    Python,
    /// The package that stands in for pyo3-async-runtimes.
    Shim,
}

/// The path of the host, or of the crate that the user names, with our spans: an error in what we call is not an error
/// in `crate = path`.
#[derive(Clone)]
pub(crate) struct Krate(TokenStream);

impl Krate {
    pub(crate) fn new(host: Host, named: Option<&Path>) -> Self {
        let span = Span::mixed_site();
        Krate(match (named, host) {
            (Some(path), _) => placed(path.to_token_stream(), span),
            (None, Host::Core) => quote_spanned!(span=> ::sundown),
            (None, Host::Python) => quote_spanned!(span=> ::sundown_python),
            // Not absolute, as in the original: code in the crate itself has it under this name too.
            (None, Host::Shim) => quote_spanned!(span=> pyo3_async_runtimes),
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
        request_roots => RequestRoots,
        by_hand => ByHand,
        entry => entry,
        entry_type => Entry,
        guarded => Guarded,
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

    /// What a `starting_with` fails with.
    pub(crate) fn start_error(&self) -> TokenStream {
        let krate = &self.0;
        local!(#krate::StartError)
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
        handles => Handles,
        not_forgotten => not_forgotten,
        not_handle => NotHandle,
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
        local!(use #module::{AnnotatedBase as _, ForeignBase as _};)
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
