//! Arbitrary tokens never make a macro panic, and what comes out is always Rust.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use proptest::prelude::*;
use quote::quote;

use super::host;
use crate::attr::flavour::Flavour;
use crate::emit::python::{class_attribute, main, test};
use crate::emit::quotes::Host;
use crate::emit::{attribute, derive};

/// Words that mean something to the macros, and some that mean nothing.
const WORDS: &[&str] = &[
    "after",
    "timeout",
    "with",
    "request",
    "force",
    "skip",
    "on_end",
    "on_end",
    "guard",
    "on_drop",
    "name",
    "shared",
    "manual",
    "crate",
    "self",
    "Self",
    "struct",
    "enum",
    "fn",
    "pub",
    "const",
    "impl",
    "where",
    "async",
    "move",
    "mut",
    "dyn",
    "a",
    "b",
    "c",
    "T",
    "Option",
    "ShutdownGuard",
    "shutdown",
    "must_shutdown",
    "pyclass_teardown",
    "pyclass",
    "pymethods",
    "pyo3",
    "unchecked",
    "report",
    "teardown",
    "__sundown",
    "cfg",
    "cfg_attr",
    "derive",
    "_",
];

fn token() -> impl Strategy<Value = TokenTree> {
    let leaf = prop_oneof![
        proptest::sample::select(WORDS).prop_map(|word| Ident::new(word, Span::call_site()).into()),
        proptest::sample::select(&['#', '=', ',', ':', '|', '&', '<', '>', '.', '-', '!', ';', '$', '?'][..])
            .prop_flat_map(|c| any::<bool>()
                .prop_map(move |joint| { Punct::new(c, if joint { Spacing::Joint } else { Spacing::Alone }).into() })),
        any::<u64>().prop_map(|number| Literal::u64_unsuffixed(number).into()),
        any::<f32>()
            .prop_filter("a literal is finite", |number| number.is_finite() && number.is_sign_positive())
            .prop_map(|number| Literal::f32_suffixed(number).into()),
        prop_oneof![".*", "[0-9]{0,22}(h|m|s|ms)?( [0-9]{1,3}(h|m|s|ms)?)?"]
            .prop_map(|text: String| Literal::string(&text).into()),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let delimiter = prop_oneof![
            Just(Delimiter::Parenthesis),
            Just(Delimiter::Bracket),
            Just(Delimiter::Brace),
            Just(Delimiter::None),
        ];
        (delimiter, proptest::collection::vec(inner, 0..6))
            .prop_map(|(delimiter, tokens)| Group::new(delimiter, tokens.into_iter().collect()).into())
    })
}

fn tokens(max: usize) -> impl Strategy<Value = TokenStream> {
    proptest::collection::vec(token(), 0..max).prop_map(TokenStream::from_iter)
}

/// A `key = value` of which the key exists.
fn argument() -> impl Strategy<Value = TokenStream> {
    (proptest::sample::select(&WORDS[..12]), proptest::option::of(tokens(4))).prop_map(|(word, value)| {
        let key = Ident::new(word, Span::call_site());
        match value {
            Some(value) => quote!(#key = #value,),
            None => quote!(#key,),
        }
    })
}

fn arguments() -> impl Strategy<Value = TokenStream> {
    prop_oneof![tokens(8), proptest::collection::vec(argument(), 0..4).prop_map(TokenStream::from_iter)]
}

/// Arguments of `#[main]`, of which the keys exist or once did.
fn main_arguments() -> impl Strategy<Value = TokenStream> {
    const KEYS: &[&str] = &["flavor", "worker_threads", "crate", "core_threads", "current_thread", "other"];
    const VALUES: &[&str] = &["\"current_thread\"", "\"multi_thread\"", "\"one\"", "0", "4", "-4", "::sundown", "f(x)"];
    let argument = (proptest::sample::select(KEYS), proptest::option::of(proptest::sample::select(VALUES)));
    proptest::collection::vec(argument, 0..4).prop_map(|arguments| {
        let written = arguments.iter().map(|(key, value)| match value {
            Some(value) => format!("{key} = {value},"),
            None => format!("{key},"),
        });
        written.collect::<String>().parse().expect("these are tokens")
    })
}

/// Every expansion of a struct must be Rust again, so that the errors in it are seen.
fn must_be_rust(expansion: &TokenStream) -> Result<(), TestCaseError> {
    prop_assert!(syn::parse2::<syn::File>(expansion.clone()).is_ok(), "not Rust: {expansion}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_items_do_not_panic(args in tokens(8), item in tokens(16)) {
        attribute::must_shutdown(Host::Core, args.clone(), item.clone());
        class_attribute::pyclass_teardown(args, item.clone());
        derive::derive(Host::Python, Flavour::PyClass, item.clone());
        derive::derive(Host::Core, Flavour::MustShutdown, item.clone());
        derive::derive(Host::Core, Flavour::Teardown, item);
    }

    #[test]
    fn arbitrary_arguments_do_not_panic(on_struct in arguments(), on_a in arguments(), on_b in arguments()) {
        let fields = quote!({ #[shutdown(#on_a)] a: Option<A>, #[shutdown(#on_b)] b: B, guard: ShutdownGuard<Self> });
        attribute::must_shutdown(Host::Core, on_struct.clone(), quote!(struct S #fields));
        must_be_rust(&class_attribute::pyclass_teardown(on_struct.clone(), quote!(#[pyclass(#on_a)] struct S #fields)))?;
        let methods = quote!({
            #[shutdown(#on_a)] #[pyo3(#on_b)] fn a(&mut self) -> PyResult<()> {}
            #[getter(#on_a)] fn b(slf: Py<Self>) -> Result<u8, E> {}
            #[new] fn new() -> Self {}
        });
        must_be_rust(&class_attribute::pyclass_teardown(on_struct.clone(), quote!(#[pymethods] impl S #methods)))?;
        must_be_rust(&class_attribute::pyclass_teardown(on_struct.clone(), quote!(impl T for S #methods)))?;
        let flavours = [
            (Flavour::MustShutdown, quote!(__sundown)),
            (Flavour::PyClass, quote!(__sundown)),
            (Flavour::Teardown, quote!(teardown)),
        ];
        for (flavour, carrier) in flavours {
            let expansion = derive::derive(host(flavour), flavour, quote!(#[#carrier(#on_struct)] struct S #fields));
            must_be_rust(&expansion)?;
        }
    }

    #[test]
    fn arbitrary_arguments_of_main_do_not_panic(args in prop_oneof![tokens(8), main_arguments()], item in tokens(16)) {
        test::test(item.clone());
        main::main(Host::Python, args.clone(), item);
        must_be_rust(&main::main(Host::Python, args.clone(), quote!(async fn main() {})))?;
        must_be_rust(&main::main(Host::Shim, args, quote!(fn serve(port: u16) {})))?;
    }

    #[test]
    fn any_graph_of_fields_is_ordered_or_refused(edges in proptest::collection::vec((0..6usize, 0..6usize), 0..12)) {
        let names: Vec<Ident> = (0..6).map(|i| Ident::new(&format!("f{i}"), Span::call_site())).collect();
        let fields = (0..6).map(|i| {
            let after = edges.iter().filter(|(from, _)| *from == i).map(|(_, to)| &names[*to]);
            let name = &names[i];
            let after: Vec<_> = after.collect();
            let args = if after.is_empty() { quote!() } else { quote!(after = [#(#after),*]) };
            quote!(#[shutdown(#args)] #name: T)
        });
        let expansion = derive::derive(Host::Core, Flavour::Teardown, quote!(struct S { #(#fields),* }));
        must_be_rust(&expansion)?;
        let text = expansion.to_string();
        let refused = text.contains("compile_error");
        let twice = (0..edges.len()).any(|i| edges[..i].contains(&edges[i]));
        prop_assert_eq!(refused, twice || has_cycle(&edges), "{}", text);
    }
}

/// Kahn's algorithm, which the macro does not use.
fn has_cycle(edges: &[(usize, usize)]) -> bool {
    let mut left: Vec<usize> = (0..6).collect();
    loop {
        let before = left.len();
        let still = left.clone();
        left.retain(|node| edges.iter().any(|(from, to)| from == node && still.contains(to)));
        if left.is_empty() || left.len() == before {
            return !left.is_empty();
        }
    }
}
