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

/// `callee(arguments)` in the place of the user's tokens from `first` to `last`: an error about the call points there. The
/// spans are the user's altogether, as rustc joins only spans of one expansion.
pub(crate) fn call(callee: TokenStream, arguments: TokenStream, (first, last): (Span, Span)) -> TokenStream {
    let mut group = Group::new(Delimiter::Parenthesis, arguments);
    group.set_span(last);
    // Rustc tells an error once per place: the callee alone has the same one.
    let mut callee = callee.into_iter();
    let mut call = placed(callee.by_ref().take(1).collect(), first);
    call.extend(placed(callee.collect(), last));
    call.extend([TokenTree::from(group)]);
    call
}

/// Our own tokens in a place of the user's. A `$crate` keeps what it means.
pub(crate) fn placed(tokens: TokenStream, span: Span) -> TokenStream {
    let placed = |mut token: TokenTree| {
        match &token {
            TokenTree::Ident(ident) if ident == "$crate" => token.set_span(token.span().located_at(span)),
            _ => token.set_span(span),
        }
        token
    };
    tokens.into_iter().map(placed).collect()
}
