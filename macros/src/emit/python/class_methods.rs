//! `#[pyclass_teardown]` on the methods: adds those that close the object, and has the others look whether it is closed.
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
use crate::emit::quotes::{Krate, local};
use crate::emit::stripped::without_ours;
use crate::model::class_methods::Check;
use crate::model::item;

/// Expands the attribute.
pub(crate) fn expand(args: TokenStream, mut block: ItemImpl, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let MethodsArgs { report, krate } = MethodsArgs::read(args, &mut errors);
    let krate = &Krate::new(krate.as_ref());
    let rt = krate.rt();
    let this = &block.self_ty.clone();
    let methods = placed(local!(#rt::python::Methods), ends(this).0);
    // Where the other half is missing, this alone says so. It is there after an error too, for the struct not to complain.
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
    let rt = krate.rt();
    let at = ends(this).0;
    let look = match check {
        Check::Nothing => return,
        Check::New(output) => return wrap_new(method, output, krate),
        Check::Refuse(receiver, result) => {
            let (function, object) = passed_to("refusal", receiver);
            let function = Ident::new(&function, Span::mixed_site());
            let refusal = placed(local!(#rt::python::#function), at);
            let refuse = placed::call(local!(#rt::python::Refuse::refuse), local!(error), ends(result));
            local! {
                #[allow(unused_qualifications)]
                if let ::core::option::Option::Some(error) = #refusal(#object) {
                    return #refuse;
                }
            }
        }
        Check::Running(receiver) => {
            let (function, object) = passed_to("running", receiver);
            let function = Ident::new(&function, Span::mixed_site());
            let running = placed(local!(#rt::python::#function), at);
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

/// The function for this kind of receiver, and its argument.
fn passed_to(function: &str, Receiver { name, is_object, .. }: &Receiver) -> (String, TokenStream) {
    match is_object {
        true => (format!("{function}_object"), quote!(&#name)),
        false => (function.to_owned(), quote!(&*#name)),
    }
}

/// Has a `#[new]` note the value that it returns. The signature stays, for callers in Rust.
fn wrap_new(method: &mut ImplItemFn, output: &Type, krate: &Krate) {
    let rt = krate.rt();
    let body = &method.block;
    let wrapped = local! {
        #[allow(clippy::redundant_closure_call)]
        let made = (move || -> #output #body)();
        {
            #[allow(unused_imports)]
            use #rt::python::{Noted as _, NotNoted as _};
            (&#rt::python::New(&made)).note();
        }
        made
    };
    method.block.stmts = vec![Stmt::Expr(Expr::Verbatim(wrapped), None)];
}

/// The methods of ours that the user has not written.
fn generated(written: &[String], report: bool, this: &Type, krate: &Krate) -> TokenStream {
    let rt = krate.rt();
    let at = ends(this).0;
    let call = |name: &str| {
        let name = Ident::new(name, Span::mixed_site());
        placed(local!(#rt::python::#name), at)
    };
    // PyO3 takes the names for Python from the tokens: they are resolved as the user's.
    let pyo3 = placed(local!(#rt::python::pyo3), Span::call_site());
    let object = quote!(slf: &#pyo3::Bound<'_, Self>);
    let (close, aclose, closed, refusal) = (call("close"), call("aclose"), call("closed"), call("refusal_bound"));
    let shutdown_report = call("shutdown_report");
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
                /// As `close`, to be awaited: the event loop is not blocked.
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
    let contexts =
        [("__enter__", "enter"), ("__exit__", "exit_context"), ("__aenter__", "aenter"), ("__aexit__", "aexit")];
    for (python, function) in contexts {
        let name = Ident::new(&format!("__sundown_{function}"), Span::call_site());
        let function = Ident::new(function, Span::mixed_site());
        all.push((
            python,
            quote! {
                #[doc(hidden)]
                #[allow(unused_qualifications)]
                #[classattr]
                #[pyo3(name = #python)]
                fn #name(py: #pyo3::Python<'_>) -> #pyo3::PyResult<#pyo3::Py<#pyo3::PyAny>> {
                    #rt::python::#function(py)
                }
            },
        ));
    }
    all.into_iter()
        .filter(|(name, _)| !written.iter().any(|written| written == name))
        .map(|(_, method)| method)
        .collect()
}
