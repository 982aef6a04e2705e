//! The arguments of `#[main]`.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{Expr, ExprLit, Lit, LitStr, Path};

use crate::attr::arguments::{self, Arg, Known};
use crate::attr::errors::{Error, Errors};
use crate::attr::values;

const MAIN: &[Known] = &[
    Known { key: "flavor", example: "flavor = \"current_thread\"" },
    Known { key: "worker_threads", example: "worker_threads = 4" },
    Known { key: "crate", example: "crate = ::sundown_python" },
];

const FLAVORS: &str = "the flavors are `\"multi_thread\"` and `\"current_thread\"`";

/// The arguments, those that are well-formed.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) flavor: Option<(Flavor, LitStr)>,
    /// The number and its key.
    pub(crate) worker_threads: Option<(usize, Ident)>,
    pub(crate) krate: Option<Path>,
}

/// tokio's two kinds of runtime.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Flavor {
    MultiThread,
    CurrentThread,
}

impl Args {
    pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut args = Args::default();
        for Arg { known, key, value } in arguments::read(without_old_names(tokens, errors), MAIN, errors) {
            let Some(value) = value else { continue };
            let read = match known {
                "flavor" => flavor(&value).map(|flavor| args.flavor = Some(flavor)),
                "worker_threads" => workers(&value).map(|workers| args.worker_threads = Some((workers, key))),
                _ => values::krate(&value).map(|path| args.krate = Some(path)),
            };
            if let Err(error) = read {
                errors.push(error);
            }
        }
        args
    }
}

/// Names of before tokio 1, and flavors in the place of a key, with what to write today.
fn old_name(name: &str) -> Option<&'static str> {
    match name {
        "core_threads" => Some("worker_threads = 4"),
        "threaded_scheduler" | "multi_thread" => Some("flavor = \"multi_thread\""),
        "basic_scheduler" | "current_thread" | "single_thread" | "single_threaded" => {
            Some("flavor = \"current_thread\"")
        }
        _ => None,
    }
}

/// Reports the old names among the keys, and takes those arguments out.
fn without_old_names(tokens: TokenStream, errors: &mut Errors) -> TokenStream {
    let mut kept = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while tokens.peek().is_some() {
        let mut argument = Vec::new();
        for token in tokens.by_ref() {
            let ends = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',');
            argument.push(token);
            if ends {
                break;
            }
        }
        match argument.first() {
            Some(TokenTree::Ident(key)) if old_name(&key.to_string()).is_some() => errors.push(renamed(key)),
            _ => kept.extend(argument),
        }
    }
    kept
}

fn renamed(key: &Ident) -> Error {
    let today = old_name(&key.to_string()).unwrap_or_default();
    Error::at(key, format!("unknown argument `{key}`")).help(format!("write `{today}`"))
}

fn flavor(value: &Expr) -> Result<(Flavor, LitStr), Error> {
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = values::bare(value) else {
        return Err(Error::at(value, "`flavor` must be a string").help(FLAVORS));
    };
    let flavor = match &*text.value() {
        "multi_thread" => Flavor::MultiThread,
        "current_thread" => Flavor::CurrentThread,
        other => {
            let help = old_name(other).map_or(FLAVORS.to_owned(), |today| format!("write `{today}`"));
            return Err(Error::at(text, format!("unknown flavor `{other}`")).help(help));
        }
    };
    Ok((flavor, text.clone()))
}

fn workers(value: &Expr) -> Result<usize, Error> {
    const HELP: &str = "write a number, such as `worker_threads = 4`";
    let Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) = values::bare(value) else {
        return Err(Error::at(value, "`worker_threads` must be a number").help(HELP));
    };
    match number.base10_parse::<usize>() {
        Ok(0) => Err(Error::at(number, "`worker_threads` must be at least 1").help(HELP)),
        Ok(workers) => Ok(workers),
        Err(_) => Err(Error::at(number, "`worker_threads` is too large").help(HELP)),
    }
}
