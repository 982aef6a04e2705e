//! `#[pyo3_async_runtimes::tokio::test]`: a test for the harness of the package that stands in for pyo3-async-runtimes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

use crate::attr::errors::Errors;
use crate::emit::quotes::local;
use crate::model::function;

/// Expands the attribute. As in the original, its arguments mean nothing.
pub(crate) fn test(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Ok(function) = syn::parse2::<ItemFn>(item.clone()) else {
        errors.push(function::no_test(&item));
        return quote!(#item #errors);
    };
    function::check_test(&function, &mut errors);
    match errors.propagate() {
        Ok(()) => expand(&function),
        Err(errors) => quote!(#[allow(dead_code)] #function #errors),
    }
}

fn expand(function: &ItemFn) -> TokenStream {
    let ItemFn { attrs, vis, sig, block, .. } = function;
    let name = &sig.ident;
    let krate = local!(pyo3_async_runtimes);
    let running = match (sig.asyncness, sig.inputs.is_empty()) {
        (Some(_), _) => local!(::std::boxed::Box::pin(#name())),
        (None, true) => local!(#krate::testing::__rt::blocking(#name)),
        (None, false) => local!(#krate::testing::__rt::blocking_with_loop(#name)),
    };
    let registered = local! {
        #krate::inventory::submit! {
            #krate::testing::Test {
                name: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
                test_fn: &#name,
            }
        }
    };
    let returns = local!(-> #krate::testing::__rt::Running);
    quote! {
        #(#attrs)*
        #vis fn #name() #returns {
            #sig #block
            #running
        }
        #registered
    }
}
