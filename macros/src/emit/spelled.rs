//! The types of fields, as they are written outside of the struct.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};

/// Tokens of a type with another name for `Self`, and `'static` in the place of some lifetimes.
pub(crate) fn spelled_out(tokens: TokenStream, lifetimes: &[&Ident], this: &TokenStream) -> TokenStream {
    let mut after_quote = false;
    let mut out = TokenStream::new();
    for token in tokens {
        let was_quote =
            std::mem::replace(&mut after_quote, matches!(&token, TokenTree::Punct(p) if p.as_char() == '\''));
        match token {
            TokenTree::Ident(ident) if was_quote && lifetimes.contains(&&ident) => {
                out.extend([TokenTree::from(Ident::new("static", ident.span()))]);
            }
            TokenTree::Ident(ident) if !was_quote && ident == "Self" => out.extend(this.clone()),
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), spelled_out(group.stream(), lifetimes, this));
                inner.set_span(group.span());
                out.extend([TokenTree::from(inner)]);
            }
            other => out.extend([other]),
        }
    }
    out
}
