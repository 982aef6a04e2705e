//! What PyO3's attributes say, as far as it concerns us.

use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, Token};

use crate::attr::item::last_is;

/// What `#[pyclass]` says of the class, below a `cfg_attr` too.
#[derive(Default)]
pub(crate) struct Pyclass {
    pub(crate) is_pyclass: bool,
    pub(crate) is_unsendable: bool,
    pub(crate) extends: bool,
    pub(crate) name: Option<LitStr>,
}

impl Pyclass {
    pub(crate) fn of(attrs: &[Attribute]) -> Self {
        let mut found = Pyclass::default();
        attrs.iter().for_each(|attr| found.look(&attr.meta));
        found
    }

    fn look(&mut self, meta: &Meta) {
        if last_is(meta.path(), "pyclass") {
            self.is_pyclass = true;
            self.arguments(meta);
        } else if meta.path().is_ident("pyo3") {
            self.arguments(meta);
        } else if let Meta::List(list) = meta
            && list.path.is_ident("cfg_attr")
            && let Ok(metas) = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
        {
            metas.iter().skip(1).for_each(|meta| self.look(meta));
        }
    }

    fn arguments(&mut self, meta: &Meta) {
        let Meta::List(list) = meta else { return };
        // One that is no meta (`extends = Base`) is skipped with the others read: each is looked at alone.
        let Ok(all) = list.parse_args_with(Punctuated::<Argument, Token![,]>::parse_terminated) else { return };
        for Argument { key, value } in all {
            if key == "unsendable" {
                self.is_unsendable = true;
            } else if key == "extends" {
                self.extends = true;
            } else if key == "name"
                && let Some(Expr::Lit(ExprLit { lit: Lit::Str(name), .. })) = value
            {
                self.name = Some(name);
            }
        }
    }
}

/// `key` or `key = value`.
pub(crate) struct Argument {
    pub(crate) key: Ident,
    pub(crate) value: Option<Expr>,
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key = input.call(Ident::parse_any)?;
        let value = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse()?),
            None => {
                // `signature = …` has a value, `new(…)` has none and a group.
                while !input.is_empty() && !input.peek(Token![,]) {
                    input.parse::<proc_macro2::TokenTree>()?;
                }
                None
            }
        };
        Ok(Argument { key, value })
    }
}

/// Whether an impl is a `#[pymethods]`, below a `cfg_attr` too.
pub(crate) fn is_pymethods(attrs: &[Attribute]) -> bool {
    fn is_it(meta: &Meta) -> bool {
        match meta {
            Meta::List(list) if list.path.is_ident("cfg_attr") => list
                .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                .is_ok_and(|metas| metas.iter().skip(1).any(is_it)),
            _ => last_is(meta.path(), "pymethods"),
        }
    }
    attrs.iter().any(|attr| is_it(&attr.meta))
}
