//! The form that the arguments of all our attributes have: `key`, `key = value`, with commas between.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, Ident, Meta, Token};

use crate::attr::errors::{Error, Errors};

/// An argument that an attribute takes.
pub(crate) struct Known {
    pub(crate) key: &'static str,
    /// How it is written; the key alone for one without a value.
    pub(crate) example: &'static str,
}

impl Known {
    fn has_value(&self) -> bool {
        self.key != self.example
    }
}

/// An argument that is known.
pub(crate) struct Arg {
    pub(crate) known: &'static str,
    pub(crate) key: Ident,
    /// Present exactly where the argument takes one.
    pub(crate) value: Option<Expr>,
}

/// Reads the arguments of `#[attribute]` or `#[attribute(…)]`.
pub(crate) fn of_attribute(meta: &Meta, known: &'static [Known], errors: &mut Errors) -> Vec<Arg> {
    match meta {
        Meta::Path(_) => Vec::new(),
        Meta::List(list) => read(list.tokens.clone(), known, errors),
        Meta::NameValue(pair) => {
            let name = pair.path.get_ident().map(ToString::to_string).unwrap_or_default();
            let timeout = known.iter().find(|known| known.key == "timeout");
            errors.push(
                Error::at(&pair.eq_token, format!("`{name}` takes its arguments in parentheses"))
                    .help(format!("write `#[{name}({})]`", timeout.map_or("…", |known| known.example))),
            );
            Vec::new()
        }
    }
}

/// Reads those of the arguments that are well-formed, each once.
pub(crate) fn read(tokens: TokenStream, known: &'static [Known], errors: &mut Errors) -> Vec<Arg> {
    let mut args = Vec::new();
    let all = |input: ParseStream<'_>| {
        while !input.is_empty() {
            match read_one(input, known, &args) {
                Ok(arg) => args.push(arg),
                Err(error) => {
                    errors.push(error);
                    skip_to_comma(input);
                }
            }
            if !input.is_empty() && input.parse::<Token![,]>().is_err() {
                errors.push(Error::at(&next_token(input), "expected `,`"));
                skip_to_comma(input);
                let _ = input.parse::<Token![,]>();
            }
        }
        Ok(())
    };
    if let Err(error) = all.parse2(tokens) {
        errors.push(error);
    }
    args
}

fn read_one(input: ParseStream<'_>, known: &'static [Known], before: &[Arg]) -> Result<Arg, Error> {
    let Ok(key) = input.call(Ident::parse_any) else {
        return Err(Error::at(&next_token(input), "expected the name of an argument").help(listed(known)));
    };
    let name = key.to_string();
    let Some(known) = known.iter().find(|known| known.key == name) else {
        return Err(Error::at(&key, format!("unknown argument `{name}`")).help(listed(known)));
    };
    if before.iter().any(|arg| arg.known == known.key) {
        return Err(Error::at(&key, format!("argument `{name}` is given twice")).help("remove one of the two"));
    }
    let has_value = input.peek(Token![=]);
    if !has_value && known.has_value() {
        return Err(Error::at(&key, format!("`{name}` needs a value")).help(format!("write `{}`", known.example)));
    }
    if has_value && !known.has_value() {
        return Err(Error::at(&value_token(input), format!("`{name}` takes no value")).help(format!("write `{name}`")));
    }
    let value = match has_value {
        false => None,
        true => {
            let _: Token![=] = input.parse()?;
            if input.is_empty() || input.peek(Token![,]) {
                return Err(
                    Error::at(&key, format!("`{name}` needs a value")).help(format!("write `{}`", known.example))
                );
            }
            Some(input.parse()?)
        }
    };
    Ok(Arg { known: known.key, key, value })
}

fn listed(known: &[Known]) -> String {
    let public = known.iter().filter(|known| !known.key.starts_with('_'));
    let keys: Vec<String> = public.map(|known| format!("`{}`", known.key)).collect();
    match &keys[..] {
        [only] => format!("the argument is {only}"),
        several => format!("the arguments are {}", several.join(", ")),
    }
}

fn next_token(input: ParseStream<'_>) -> TokenStream {
    input.fork().parse::<TokenTree>().map(TokenStream::from).unwrap_or_default()
}

/// The first token of a value that should not be there.
fn value_token(input: ParseStream<'_>) -> TokenStream {
    let ahead = input.fork();
    let equals: TokenStream = ahead.parse::<Token![=]>().map(ToTokens::into_token_stream).unwrap_or_default();
    if ahead.is_empty() { equals } else { next_token(&ahead) }
}

fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}
