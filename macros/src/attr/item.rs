//! The item that an attribute stands on.

use proc_macro2::{TokenStream, TokenTree};
use syn::Path;

/// The keyword of an item: its kind.
pub(crate) fn keyword(item: &TokenStream) -> TokenStream {
    const KINDS: [&str; 10] = ["fn", "impl", "trait", "mod", "type", "const", "static", "use", "extern", "macro_rules"];
    let idents = || item.clone().into_iter().filter(|token| matches!(token, TokenTree::Ident(_)));
    let is = |token: &TokenTree, kind: &str| matches!(token, TokenTree::Ident(ident) if ident == kind);
    // `const fn`, `async fn`, `extern "C" fn`: the last keyword says what it is.
    let function = idents().find(|token| is(token, "fn"));
    let first = idents().find(|token| KINDS.iter().any(|kind| is(token, kind)));
    let kind = match (first, function) {
        (Some(first), Some(function)) if is(&first, "const") || is(&first, "extern") => Some(function),
        (first, _) => first,
    };
    kind.or_else(|| item.clone().into_iter().next()).map(TokenStream::from).unwrap_or_default()
}

/// Whether the last name of a path is this one: an attribute may be named with its crate.
pub(crate) fn last_is(path: &Path, name: &str) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == name)
}
