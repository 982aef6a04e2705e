//! The rules about the functions below `#[main]` and `#[test]`.

use proc_macro2::TokenStream;
use syn::ItemFn;

use crate::attr::errors::{Error, Errors};
use crate::attr::item::keyword;
use crate::attr::main_arguments::{Args, Flavor};

/// Checks the function below `#[main]`, and what its arguments say together.
pub(crate) fn check_main(function: &ItemFn, args: &Args, errors: &mut Errors) {
    let sig = &function.sig;
    if sig.asyncness.is_none() {
        errors.push(Error::at(&sig.fn_token, format!("`{}` is not async", sig.ident)).help("write `async fn main`"));
    }
    if sig.ident != "main" {
        let help = format!("rename `{}` to `main`", sig.ident);
        errors.push(Error::at(&sig.ident, "`#[main]` needs the function `main`").help(help));
    }
    if !sig.inputs.is_empty() {
        errors.push(
            Error::at(&sig.inputs, format!("`{}` takes no parameters", sig.ident))
                .help("read `std::env::args()`, or `sys.argv` of Python"),
        );
    }
    if let (Some((Flavor::CurrentThread, _)), Some((_, key))) = (&args.flavor, &args.worker_threads) {
        errors.push(
            Error::at(key, "`worker_threads` needs the flavor `multi_thread`")
                .help("remove `worker_threads`, or write `flavor = \"multi_thread\"`"),
        );
    }
}

/// Checks the function below `#[test]`.
pub(crate) fn check_test(function: &ItemFn, errors: &mut Errors) {
    let sig = &function.sig;
    let allowed = if sig.asyncness.is_some() { 0 } else { 1 };
    if let Some(extra) = sig.inputs.iter().nth(allowed) {
        let help = match allowed {
            0 => "call `get_current_loop(py)` in the test",
            _ => "keep `event_loop: Py<PyAny>` alone",
        };
        errors.push(Error::at(extra, format!("`{}` has too many parameters", sig.ident)).help(help));
    }
}

/// The error for `#[main]` on what is no function.
pub(crate) fn no_main(item: &TokenStream) -> Error {
    Error::at(&keyword(item), "`#[main]` needs an async function").help("put the attribute on `async fn main`")
}

/// The error for `#[test]` on what is no function.
pub(crate) fn no_test(item: &TokenStream) -> Error {
    Error::at(&keyword(item), "`#[test]` needs a function").help("put the attribute on a function")
}
