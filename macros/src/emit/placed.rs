//! Tokens of ours in places of the user's: where an error in them is shown, and how their names are resolved.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};

/// `callee(arguments)` in the place of the user's tokens from `first` to `last`: an error about the call points there. The
/// spans are all the user's, because rustc joins only spans of one expansion.
pub(crate) fn call(callee: TokenStream, arguments: TokenStream, (first, last): (Span, Span)) -> TokenStream {
    let mut group = Group::new(Delimiter::Parenthesis, arguments);
    group.set_span(last);
    // Rustc reports an error once per place: the callee alone would have the same one.
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
