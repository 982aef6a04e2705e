//! Tests of the macros as functions of tokens.

mod arbitrary;
mod golden;
mod python_main;
mod style;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, DeriveInput, Item};

use crate::attr::flavour::Flavour;
use crate::emit::python::{class_attribute, main, test};
use crate::emit::quotes::Host;
use crate::emit::{attribute, derive};

/// Whose macro it is.
fn host(flavour: Flavour) -> Host {
    if flavour == Flavour::PyClass { Host::Python } else { Host::Core }
}

/// Expands an item as rustc would: the attribute, then the derive that it leaves.
fn expand_item(item: Item) -> TokenStream {
    let mut item = match item {
        Item::Struct(item) => item,
        Item::Enum(mut item) => {
            let first = item.attrs.remove(0);
            return expand_attribute(&first, item.to_token_stream());
        }
        Item::Fn(mut item) => {
            let first = item.attrs.iter().position(|attr| !attr.path().is_ident("doc")).expect("it is annotated");
            let first = item.attrs.remove(first);
            return expand_attribute(&first, item.to_token_stream());
        }
        Item::Impl(mut block) => {
            let at = block.attrs.iter().position(|attr| attr.path().is_ident("pyclass_teardown"));
            return match at.map(|at| arguments(&block.attrs.remove(at))) {
                Some(args) => class_attribute::pyclass_teardown(args, block.to_token_stream()),
                None => block.to_token_stream(),
            };
        }
        other => return other.to_token_stream(),
    };
    let derives_teardown = item.attrs.iter().any(|attr| attr.to_token_stream().to_string().contains("Teardown"));
    let flavours = [Flavour::MustShutdown, Flavour::PyClass];
    let ours = |attr: &Attribute| flavours.into_iter().find(|flavour| attr.path().is_ident(flavour.attribute()));
    let Some((at, flavour)) = item.attrs.iter().enumerate().find_map(|(at, attr)| Some((at, ours(attr)?))) else {
        let derived = derives_teardown.then(|| derive::derive(Host::Core, Flavour::Teardown, item.to_token_stream()));
        return quote!(#item #derived);
    };
    let args = arguments(&item.attrs.remove(at));
    let emitted = match flavour {
        Flavour::PyClass => class_attribute::pyclass_teardown(args, item.to_token_stream()),
        Flavour::MustShutdown | Flavour::Teardown => attribute::must_shutdown(Host::Core, args, item.to_token_stream()),
    };
    let mut emitted = match syn::parse2::<syn::File>(emitted.clone()) {
        Ok(file) => file,
        Err(error) => panic!("the attribute must emit items: {error}\n{emitted}"),
    };
    let struct_at =
        emitted.items.iter().position(|item| matches!(item, Item::Struct(_))).expect("the struct is emitted");
    let Item::Struct(left) = &mut emitted.items[struct_at] else { unreachable!() };
    let derives = |attr: &Attribute| {
        let attr = attr.to_token_stream().to_string();
        ["MustShutdown", "PyClassTeardown"].iter().any(|derive| attr.contains(derive))
    };
    let has_derive = left.attrs.iter().any(derives);
    left.attrs.retain(|attr| !derives(attr));
    let derived = has_derive.then(|| derive::derive(host(flavour), flavour, left.to_token_stream()));
    left.attrs.retain(|attr| !attr.path().is_ident("__sundown"));
    without_helpers(left);
    quote!(#emitted #derived)
}

/// Expands an attribute that leaves no derive.
fn expand_attribute(attr: &Attribute, item: TokenStream) -> TokenStream {
    let name = attr.path().get_ident().map(ToString::to_string).unwrap_or_default();
    match &*name {
        "must_shutdown" => attribute::must_shutdown(Host::Core, arguments(attr), item),
        "pyclass_teardown" => class_attribute::pyclass_teardown(arguments(attr), item),
        "main" => main::main(Host::Python, arguments(attr), item),
        "test" => test::test(item),
        other => panic!("no macro is called `{other}`"),
    }
}

fn arguments(attr: &Attribute) -> TokenStream {
    match &attr.meta {
        syn::Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    }
}

/// What rustc hides of an expanded struct: the helper attributes.
fn without_helpers(item: &mut syn::ItemStruct) {
    for field in &mut item.fields {
        field.attrs.retain(|attr| !attr.path().is_ident("shutdown"));
    }
}

/// The messages of the errors in an expansion.
fn errors_of(tokens: TokenStream) -> Vec<String> {
    let Ok(file) = syn::parse2::<syn::File>(tokens) else { return vec!["not items".to_owned()] };
    let messages = file.items.into_iter().filter_map(|item| match item {
        Item::Macro(item) if item.mac.path.to_token_stream().to_string().contains("compile_error") => {
            item.mac.parse_body::<syn::LitStr>().ok().map(|text| text.value())
        }
        _ => None,
    });
    messages.collect()
}

#[test]
fn a_struct_without_mistakes_has_no_errors() {
    let input: DeriveInput = syn::parse_quote! {
        struct Runner { #[shutdown] jobs: Tasks, guard: ShutdownGuard<Self> }
    };
    assert_eq!(errors_of(derive::derive(Host::Core, Flavour::MustShutdown, input.to_token_stream())), [""; 0]);
}

#[test]
fn independent_mistakes_are_reported_at_once() {
    let input: DeriveInput = syn::parse_quote! {
        #[__sundown(timeout = 10, on_dorp = "log")]
        struct Runner {
            #[shutdown(after = b)] a: Tasks,
            #[shutdown(after = a, timeout = "ten")] b: Tasks,
            #[shutdown(skip, timeout = "1s")] c: Tasks,
            #[shutdown] #[shutdown] d: Tasks,
        }
    };
    let errors = errors_of(derive::derive(Host::Core, Flavour::MustShutdown, input.to_token_stream()));
    let first_lines: Vec<&str> = errors.iter().filter_map(|error| error.lines().next()).collect();
    assert_eq!(
        first_lines,
        [
            "unknown argument `on_dorp`",
            "a duration needs a unit",
            "`ten` is not a duration",
            "field `d` has two `#[shutdown]`",
            "`#[must_shutdown]` needs a field of type `ShutdownGuard`",
            "`timeout` has no effect on a skipped field",
            "field `b` waits for itself",
        ]
    );
}

#[test]
fn an_expansion_names_the_crate_of_its_macro_alone() {
    let item = quote!(
        struct Service {
            #[shutdown]
            jobs: Tasks,
            count: u8,
            guard: ShutdownGuard<Self>,
        }
    );
    for (host, own, other) in
        [(Host::Core, ":: sundown ::", ":: sundown_python ::"), (Host::Python, ":: sundown_python ::", ":: sundown ::")]
    {
        let attribute = attribute::must_shutdown(host, quote!(), item.clone());
        let derived = derive::derive(host, Flavour::MustShutdown, item.clone());
        let teardown = derive::derive(
            host,
            Flavour::Teardown,
            quote!(
                struct Parts {
                    #[shutdown]
                    jobs: Tasks,
                }
            ),
        );
        for expansion in [attribute, derived, teardown] {
            let text = expansion.to_string();
            assert!(text.contains(own) && !text.contains(other), "{text}");
        }
    }
}
