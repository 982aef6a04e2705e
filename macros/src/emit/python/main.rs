//! `#[sundown_python::main]`: an `async fn main` that runs in an asyncio event loop, on a tokio runtime of ours.
//!
//! What it does is in `sundown-python`; the expansion passes it the runtime that was asked for, and the future.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Ident, ItemFn, ReturnType};

use crate::attr::errors::Errors;
use crate::attr::main_arguments::{Args, Flavor};
use crate::attr::spans;
use crate::emit::placed;
use crate::emit::quotes::{Host, Krate, local};
use crate::model::function;

/// Expands the attribute.
pub(crate) fn main(host: Host, args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let args = Args::read(args, &mut errors);
    let Ok(function) = syn::parse2::<ItemFn>(item.clone()) else {
        errors.push(function::no_main(&item));
        return quote!(#item #errors);
    };
    function::check_main(&function, &args, &mut errors);
    match errors.propagate() {
        Ok(()) => expand(&function, &args, &Krate::new(host, args.krate.as_ref())),
        Err(errors) => fallback(&function, &errors),
    }
}

/// Never fails: the checks refuse what could.
fn expand(function: &ItemFn, args: &Args, krate: &Krate) -> TokenStream {
    let ItemFn { attrs, vis, sig, block, .. } = function;
    let (main, flavors) = (krate.python().main(), krate.python().flavor());
    let name = &sig.ident;
    let flavor = match (&args.flavor, &args.worker_threads) {
        (Some((Flavor::CurrentThread, _)), _) => local!(CurrentThread),
        (_, Some((workers, _))) => local!(MultiThread { workers: ::core::option::Option::Some(#workers) }),
        (_, None) => local!(MultiThread { workers: ::core::option::Option::None }),
    };
    let future = future_of(name, &sig.output);
    // An error about the future or about what it returns is one in the user's signature.
    let call = placed::call(main, local!(#flavors::#flavor, #future), (name.span(), name.span()));
    let body = local!(-> ::std::process::ExitCode);
    quote! {
        #(#attrs)*
        #vis fn #name() #body {
            #sig #block
            #call
        }
    }
}

/// `main()`, in the place of the type that it returns.
fn future_of(name: &Ident, output: &ReturnType) -> TokenStream {
    let at = match output {
        ReturnType::Default => spans::ends(name),
        ReturnType::Type(_, ty) => spans::ends(ty),
    };
    placed::call(name.to_token_stream(), TokenStream::new(), at)
}

/// After an error: the user's function where no second error follows from it.
fn fallback(function: &ItemFn, errors: &Errors) -> TokenStream {
    quote! {
        fn main() {
            #[allow(dead_code)]
            #function
        }
        #errors
    }
}
