//! `#[pyclass_teardown]` on the methods: adds those that close the object; the others check whether it is closed.
//!
//! It stands above `#[pymethods]`, and is expanded before it: PyO3 sees the methods as if the user had written them.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Expr, Ident, ImplItem, ImplItemFn, ItemImpl, Stmt, Type};

use crate::attr::class_methods::{MethodsArgs, Receiver, python_name};
use crate::attr::errors::Errors;
use crate::attr::flavour::Flavour;
use crate::attr::item::{is_second, is_shutdown};
use crate::attr::pyo3::is_pymethods;
use crate::attr::spans::ends;
use crate::emit::placed::{self, placed};
use crate::emit::quotes::{Host, Krate, local};
use crate::emit::stripped::without_ours;
use crate::model::class_methods::Check;
use crate::model::item;

/// Expands the attribute.
pub(crate) fn expand(args: TokenStream, mut block: ItemImpl, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let MethodsArgs { report, krate } = MethodsArgs::read(args, &mut errors);
    let krate = &Krate::new(Host::Python, krate.as_ref());
    let this = &block.self_ty.clone();
    let methods = placed(krate.python().methods(), ends(this).0);
    // If the other half is missing, only this reports it. It is emitted after an error too, so that the struct does not.
    let methods = block.trait_.is_none().then(|| {
        local! {
            #[automatically_derived]
            #[allow(unused_qualifications)]
            impl #methods for #this {}
        }
    });
    if !is_pymethods(&block.attrs) {
        errors.push(item::not_above_pymethods());
        let item = without_ours(item);
        return quote!(#item #methods #errors);
    }
    if block.trait_.is_some() || !block.generics.params.is_empty() {
        // PyO3 refuses it, and says why.
        return without_ours(item);
    }
    item::check_methods(&block.attrs, &mut errors);
    block.attrs.retain(|attr| !is_second(attr, Flavour::PyClass));
    let mut written = Vec::new();
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item {
            written.extend(python_name(method));
            let check = Check::of(method, &mut errors);
            method.attrs.retain(|attr| !is_shutdown(attr));
            instrument(method, &check, this, krate);
        }
    }
    let ours = generated(&written, report, this, krate);
    block.items.push(ImplItem::Verbatim(ours));
    quote! {
        #block
        #methods
        #errors
    }
}

/// Puts the check in front of a method's body.
fn instrument(method: &mut ImplItemFn, check: &Check, this: &Type, krate: &Krate) {
    let python = krate.python();
    let at = ends(this).0;
    let look = match check {
        Check::Nothing => return,
        Check::New(output) => return wrap_new(method, output, krate),
        Check::Refuse(receiver, result) => {
            let refusal = if receiver.is_object { python.refusal_object() } else { python.refusal() };
            let (refusal, object) = (placed(refusal, at), passed(receiver));
            let refuse = python.refuse();
            let refuse = placed::call(local!(#refuse::refuse), local!(error), ends(result));
            local! {
                #[allow(unused_qualifications)]
                if let ::core::option::Option::Some(error) = #refusal(#object) {
                    return #refuse;
                }
            }
        }
        Check::Running(receiver) => {
            let running = if receiver.is_object { python.running_object() } else { python.running() };
            let (running, object) = (placed(running, at), passed(receiver));
            local! {
                #[allow(unused_qualifications)]
                {
                    #running(#object);
                }
            }
        }
    };
    let statements = &method.block.stmts;
    method.block.stmts = vec![Stmt::Expr(Expr::Verbatim(quote!(#look #(#statements)*)), None)];
}

/// The object, as what checks it takes it.
fn passed(Receiver { name, is_object, .. }: &Receiver) -> TokenStream {
    if *is_object { quote!(&#name) } else { quote!(&*#name) }
}

/// Makes a `#[new]` note the value that it returns. The signature stays, for callers in Rust.
fn wrap_new(method: &mut ImplItemFn, output: &Type, krate: &Krate) {
    let python = krate.python();
    let (new, use_of_register_new) = (python.new_value(), python.use_of_register_new());
    let body = &method.block;
    let wrapped = local! {
        #[allow(clippy::redundant_closure_call)]
        let made = (move || -> #output #body)();
        {
            #[allow(unused_imports)]
            #use_of_register_new
            (&#new(&made)).register_new();
        }
        made
    };
    method.block.stmts = vec![Stmt::Expr(Expr::Verbatim(wrapped), None)];
}

/// The methods of ours that the user has not written.
fn generated(written: &[String], report: bool, this: &Type, krate: &Krate) -> TokenStream {
    let python = krate.python();
    let here = |path: TokenStream| placed(path, ends(this).0);
    // PyO3 takes the names for Python from the tokens: they are resolved as the user's.
    let pyo3 = placed(python.pyo3(), Span::call_site());
    let object = quote!(slf: &#pyo3::Bound<'_, Self>);
    let (close, aclose, closed) = (here(python.close()), here(python.aclose()), here(python.closed()));
    let (refusal, shutdown_report) = (here(python.refusal_bound()), here(python.shutdown_report()));
    let mut all = vec![
        (
            "close",
            quote! {
                /// Stops everything that the object owns, and waits for it: `timeout` seconds at most. A second call does
                /// nothing.
                #[allow(unused_qualifications)]
                #[pyo3(
                    name = "close",
                    signature = (timeout = ::core::option::Option::None),
                    text_signature = "($self, timeout=None)",
                )]
                fn __sundown_close(#object, timeout: ::core::option::Option<f64>) -> #pyo3::PyResult<()> {
                    #close(slf, timeout)
                }
            },
        ),
        (
            "aclose",
            quote! {
                /// Same as `close`, to be awaited: it does not block the event loop.
                #[allow(unused_qualifications)]
                #[pyo3(
                    name = "aclose",
                    signature = (timeout = ::core::option::Option::None),
                    text_signature = "($self, timeout=None)",
                )]
                fn __sundown_aclose<'py>(
                    slf: &#pyo3::Bound<'py, Self>,
                    timeout: ::core::option::Option<f64>,
                ) -> #pyo3::PyResult<#pyo3::Bound<'py, #pyo3::PyAny>> {
                    #aclose(slf, timeout)
                }
            },
        ),
        (
            "closed",
            quote! {
                /// Whether the object was closed, or is being closed.
                #[allow(unused_qualifications)]
                #[getter(closed)]
                fn __sundown_closed(#object) -> #pyo3::PyResult<bool> {
                    #closed(slf)
                }
            },
        ),
        (
            "_sundown_check",
            quote! {
                #[doc(hidden)]
                #[allow(unused_qualifications)]
                #[pyo3(name = "_sundown_check")]
                fn __sundown_check(#object) -> #pyo3::PyResult<()> {
                    match #refusal(slf) {
                        ::core::option::Option::Some(error) => ::core::result::Result::Err(error),
                        ::core::option::Option::None => ::core::result::Result::Ok(()),
                    }
                }
            },
        ),
    ];
    if report {
        all.push((
            "shutdown_report",
            quote! {
                /// What became of each part when the object was closed, as a readable tree; `None` before.
                #[allow(unused_qualifications)]
                #[getter(shutdown_report)]
                fn __sundown_shutdown_report(
                    #object,
                ) -> #pyo3::PyResult<::core::option::Option<::std::string::String>> {
                    #shutdown_report(slf)
                }
            },
        ));
    }
    let contexts = [
        ("__enter__", "__sundown_enter", python.enter()),
        ("__exit__", "__sundown_exit_context", python.exit_context()),
        ("__aenter__", "__sundown_aenter", python.aenter()),
        ("__aexit__", "__sundown_aexit", python.aexit()),
    ];
    for (special, name, function) in contexts {
        let name = Ident::new(name, Span::call_site());
        all.push((
            special,
            quote! {
                #[doc(hidden)]
                #[allow(unused_qualifications)]
                #[classattr]
                #[pyo3(name = #special)]
                fn #name(py: #pyo3::Python<'_>) -> #pyo3::PyResult<#pyo3::Py<#pyo3::PyAny>> {
                    #function(py)
                }
            },
        ));
    }
    all.retain(|(name, _)| !written.iter().any(|written| written == name));
    let names = all.iter().map(|(name, _)| *name).filter(|name| !name.starts_with("_sundown"));
    // For the type stubs: not everything of one of these names is ours.
    let for_stubs = quote! {
        #[doc(hidden)]
        #[allow(unused_qualifications)]
        #[classattr]
        #[pyo3(name = "_sundown_generated")]
        fn __sundown_generated() -> ::std::vec::Vec<&'static str> {
            ::std::vec::Vec::from([#(#names),*])
        }
    };
    all.into_iter().map(|(_, method)| method).chain([for_stubs]).collect()
}
