//! Where tokens are, and how names in them are resolved.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
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

/// `callee(arguments)` in the place of the user's tokens from `first` to `last`: an error about its value points there.
pub(crate) fn call(callee: TokenStream, arguments: TokenStream, (first, last): (Span, Span)) -> TokenStream {
    let mut tokens: Vec<TokenTree> = callee.into_iter().collect();
    if let Some(token) = tokens.first_mut() {
        token.set_span(token.span().located_at(first));
    }
    let mut group = Group::new(Delimiter::Parenthesis, arguments);
    group.set_span(last);
    tokens.push(group.into());
    tokens.into_iter().collect()
}

/// A place in the user's code, with names resolved as in the expansion.
pub(crate) fn local_at(span: Span) -> Span {
    span.resolved_at(Span::mixed_site())
}
