//! `#[main]` and `#[test]` as functions of tokens.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Item, ReturnType};

use super::errors_of;
use crate::emit::python::main::main;
use crate::emit::python::test::test;
use crate::emit::quotes::Host;

fn first_lines(tokens: TokenStream) -> Vec<String> {
    errors_of(tokens).iter().filter_map(|error| error.lines().next()).map(str::to_owned).collect()
}

/// The expansion as text, without spaces.
fn text(tokens: TokenStream) -> String {
    tokens.to_string().replace(char::is_whitespace, "")
}

#[test]
fn without_mistakes_there_is_a_main_that_returns_the_exit_code() {
    let expanded = main(
        Host::Python,
        quote!(),
        quote!(
            #[allow(unused)]
            pub(crate) async fn main() -> PyResult<()> {
                Ok(())
            }
        ),
    );
    assert_eq!(errors_of(expanded.clone()), [""; 0]);
    let file: syn::File = syn::parse2(expanded).expect("the expansion is Rust");
    let [Item::Fn(function)] = &file.items[..] else { panic!("one function") };
    assert!(function.sig.asyncness.is_none());
    assert!(matches!(function.sig.output, ReturnType::Type(..)));
    assert_eq!(function.attrs.len(), 1);
}

#[test]
fn the_arguments_reach_the_runtime() {
    let expanded = |args| {
        text(main(
            Host::Python,
            args,
            quote!(
                async fn main() {}
            ),
        ))
    };
    let call = "::sundown_python::__rt::python::main(::sundown_python::__rt::python::Flavor::";
    let cases = [
        (quote!(), "MultiThread{workers:::core::option::Option::None}"),
        (
            quote!(flavor = "multi_thread", worker_threads = 3),
            "MultiThread{workers:::core::option::Option::Some(3usize)}",
        ),
        (quote!(flavor = "current_thread",), "CurrentThread"),
    ];
    for (args, flavor) in cases {
        let expanded = expanded(args);
        assert!(expanded.contains(&format!("{call}{flavor},main())")), "{expanded}");
    }
}

#[test]
fn the_crate_may_have_another_name() {
    let of = |host, args| {
        text(main(
            host,
            args,
            quote!(
                async fn main() {}
            ),
        ))
    };
    assert!(of(Host::Python, quote!(crate = my::own)).contains("}my::own::__rt::python::main("));
    assert!(of(Host::Shim, quote!()).contains("}pyo3_async_runtimes::__rt::python::main("));
    assert!(of(Host::Shim, quote!(crate = my::own)).contains("my::own::__rt::python::main("));
}

#[test]
fn independent_mistakes_are_reported_at_once() {
    let args = quote!(core_threads = 4, flavor = "one", worker_threads = 0, crate = 7, colour = "red");
    assert_eq!(
        first_lines(main(
            Host::Python,
            args,
            quote!(
                fn serve(port: u16) {}
            )
        )),
        [
            "unknown argument `core_threads`",
            "unknown argument `colour`",
            "unknown flavor `one`",
            "`worker_threads` must be at least 1",
            "`crate` must be the path of the crate",
            "`serve` is not async",
            "`#[main]` needs the function `main`",
            "`serve` takes no parameters",
        ]
    );
}

#[test]
fn the_tests_of_the_shim_may_take_the_loop_if_they_block() {
    assert_eq!(
        errors_of(test(quote!(
            async fn t() -> PyResult<()> {
                Ok(())
            }
        ))),
        [""; 0]
    );
    assert_eq!(
        errors_of(test(quote!(
            fn t() -> PyResult<()> {
                Ok(())
            }
        ))),
        [""; 0]
    );
    assert_eq!(
        errors_of(test(quote!(
            fn t(event_loop: Py<PyAny>) -> PyResult<()> {
                Ok(())
            }
        ))),
        [""; 0]
    );
    let too_many = ["`t` has too many parameters"];
    assert_eq!(
        first_lines(test(quote!(
            async fn t(event_loop: Py<PyAny>) -> PyResult<()> {
                Ok(())
            }
        ))),
        too_many
    );
    assert_eq!(
        first_lines(test(quote!(
            fn t(event_loop: Py<PyAny>, port: u16) -> PyResult<()> {
                Ok(())
            }
        ))),
        too_many
    );
    assert_eq!(
        first_lines(test(quote!(
            struct T;
        ))),
        ["`#[test]` needs a function"]
    );
}
