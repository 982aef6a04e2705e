//! The runtime crate, and the paths into it that more than one place needs.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Path;

use crate::emit::placed::placed;

/// `quote!` for code whose local names the user's code cannot see, nor be seen by.
macro_rules! local {
    ($($tokens:tt)*) => { ::quote::quote_spanned!(::proc_macro2::Span::mixed_site()=> $($tokens)*) };
}
pub(crate) use local;

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

    pub(crate) fn teardown(&self) -> TokenStream {
        let krate = &self.0;
        local!(#krate::Teardown)
    }

    pub(crate) fn memo(&self) -> TokenStream {
        let krate = &self.0;
        local!(#krate::Memo)
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

impl ToTokens for Krate {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.0.clone());
    }
}
