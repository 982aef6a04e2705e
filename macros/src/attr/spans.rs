//! Where tokens are.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;

/// The spans of the first and the last token; they stand for the whole, as stable Rust cannot join spans.
pub(crate) fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut tokens = tokens.to_token_stream().into_iter();
    let Some(first) = tokens.next() else { return (Span::call_site(), Span::call_site()) };
    let first_span = match &first {
        TokenTree::Group(group) => group.span_open(),
        other => other.span(),
    };
    let last_span = match tokens.last().unwrap_or(first) {
        TokenTree::Group(group) => group.span_close(),
        other => other.span(),
    };
    (first_span, last_span)
}

/// Two tokens that span a range.
pub(crate) fn range(start: Span, end: Span) -> TokenStream {
    TokenStream::from_iter([start, end].map(|span| TokenTree::from(Ident::new("_at", span))))
}
