//! The user's item without what is ours: it is emitted after an error, where nothing else takes our attributes off.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The item without `#[shutdown]`: rustc does not know the attribute there.
pub(crate) fn without_ours(item: TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    let mut tokens = item.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' && tokens.peek().is_some_and(is_ours) => {
                tokens.next();
            }
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_ours(group.stream()));
                inner.set_span(group.span());
                out.extend([TokenTree::from(inner)]);
            }
            other => out.extend([other]),
        }
    }
    out
}

fn is_ours(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
            matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(ident)) if ident == "shutdown")
        }
        _ => false,
    }
}
