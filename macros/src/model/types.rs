//! Questions about a type as it is spelled.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{GenericArgument, PathArguments, PathSegment, Type};

/// Whether a type is spelled `Option<…>`.
pub(crate) fn is_option(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == "Option")
}

/// Whether a type is spelled `Arc<…>`.
pub(crate) fn is_arc(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == "Arc")
}

/// Whether a type is spelled `Mutex<…>` or `RwLock<…>`.
pub(crate) fn is_lock(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == "Mutex" || segment.ident == "RwLock")
}

/// Whether a type is spelled `Box<dyn …>`.
pub(crate) fn is_box_of_dyn(ty: &Type) -> bool {
    let boxed = last_segment(ty).filter(|segment| segment.ident == "Box");
    matches!(boxed.and_then(only_argument), Some(Type::TraitObject(_)))
}

/// The last name of a path, with its arguments.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

/// The `T` of a `Name<T>`.
pub(crate) fn only_argument(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) if arguments.args.len() == 1 => Some(ty),
        _ => None,
    }
}

/// Whether any name in tokens is one that is looked for.
pub(crate) fn any_ident(tokens: TokenStream, is_it: &mut impl FnMut(&Ident) -> bool) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => is_it(&ident),
        TokenTree::Group(group) => any_ident(group.stream(), is_it),
        _ => false,
    })
}

/// Whether tokens name a lifetime other than `'static`.
pub(crate) fn has_lifetime(tokens: TokenStream) -> bool {
    let mut after_quote = false;
    tokens.into_iter().any(|token| {
        let was_quote =
            std::mem::replace(&mut after_quote, matches!(&token, TokenTree::Punct(p) if p.as_char() == '\''));
        match token {
            TokenTree::Ident(ident) => was_quote && ident != "static",
            TokenTree::Group(group) => has_lifetime(group.stream()),
            _ => false,
        }
    })
}
