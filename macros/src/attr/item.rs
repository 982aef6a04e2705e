//! The item that an attribute stands on.

use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Path, PathSegment, Token, Type};

use crate::attr::flavour::Flavour;

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

/// Whether an attribute is that of the macro: the first one is taken off before the macro runs, so this is a second one.
pub(crate) fn is_second(attr: &Attribute, flavour: Flavour) -> bool {
    last_is(attr.path(), flavour.attribute())
}

/// Whether an attribute is a `#[shutdown]`.
pub(crate) fn is_shutdown(attr: &Attribute) -> bool {
    attr.path().is_ident("shutdown")
}

/// A `#[derive(…)]` with a trait in it that is looked for.
pub(crate) struct DeriveOf {
    pub(crate) derived: Path,
    pub(crate) others: Vec<Path>,
}

impl DeriveOf {
    pub(crate) fn read(attr: &Attribute, name: &str) -> Option<Self> {
        let Meta::List(list) = &attr.meta else { return None };
        let paths = list.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated).ok()?;
        let (derived, others): (Vec<Path>, Vec<Path>) = paths.into_iter().partition(|path| last_is(path, name));
        let derived = derived.into_iter().next().filter(|_| attr.path().is_ident("derive"))?;
        Some(DeriveOf { derived, others })
    }
}

/// Whether a struct derives `Clone`, below its attribute of ours.
pub(crate) fn derives_clone(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| DeriveOf::read(attr, "Clone").is_some())
}

/// The `ShutdownGuard` of a type that does not say of what.
pub(crate) fn bare_guard(ty: &Type) -> Option<&PathSegment> {
    let Type::Path(ty) = ty else { return None };
    ty.path.segments.last().filter(|segment| segment.ident == "ShutdownGuard" && segment.arguments.is_none())
}
