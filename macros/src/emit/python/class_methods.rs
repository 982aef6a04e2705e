//! `#[pyclass_teardown]` on the methods: adds those that close the object, and has the others look whether it is closed.
//!
//! It stands above `#[pymethods]`, and is expanded before it: PyO3 sees the methods as if the user had written them.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, Ident, ImplItem, ImplItemFn, ItemImpl, Meta, Pat, ReturnType, Token, Type};

use crate::attr::arguments::{self, Arg, Known};
use crate::attr::errors::{Error, Errors};
use crate::attr::item::last_is;
use crate::attr::pyo3::Argument;
use crate::attr::spans::ends;
use crate::attr::values;
use crate::emit::placed::{self, placed};
use crate::emit::quotes::{Krate, local};
use crate::emit::stripped::without_ours;

const BLOCK: &[Known] =
    &[Known { key: "report", example: "report" }, Known { key: "crate", example: "crate = ::sundown" }];

const METHOD: &[Known] = &[Known { key: "unchecked", example: "unchecked" }];

/// The methods that work on a closed object, beside those whose name begins with `close`.
const EXEMPT: &[&str] = &[
    "__repr__",
    "__str__",
    "__traverse__",
    "__clear__",
    "__del__",
    "__exit__",
    "__aexit__",
    "aclose",
    "shutdown_report",
];

/// Expands the attribute.
pub(crate) fn expand(args: TokenStream, mut block: ItemImpl, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let (mut report, mut krate) = (false, None);
    for Arg { known, value, .. } in arguments::read(args, BLOCK, &mut errors) {
        match (known, value) {
            ("report", None) => report = true,
            ("crate", Some(value)) => match values::krate(&value) {
                Ok(path) => krate = Some(path),
                Err(error) => errors.push(error),
            },
            _ => {}
        }
    }
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
        errors.push(
            Error::at_span(Span::call_site(), "`#[pyclass_teardown]` must be above `#[pymethods]`")
                .help("write `#[pyclass_teardown]` first, and `#[pymethods]` below it"),
        );
        let item = without_ours(item);
        return quote!(#item #methods #errors);
    }
    if block.trait_.is_some() || !block.generics.params.is_empty() {
        // PyO3 refuses it, and says why.
        return without_ours(item);
    }
    no_second_attribute(&mut block, &mut errors);
    let mut written = Vec::new();
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item {
            written.extend(python_name(method));
            instrument(method, this, krate, &mut errors);
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

fn is_pymethods(attrs: &[Attribute]) -> bool {
    fn is_it(meta: &Meta) -> bool {
        match meta {
            Meta::List(list) if list.path.is_ident("cfg_attr") => list
                .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                .is_ok_and(|metas| metas.iter().skip(1).any(is_it)),
            _ => last_is(meta.path(), "pymethods"),
        }
    }
    attrs.iter().any(|attr| is_it(&attr.meta))
}

fn no_second_attribute(block: &mut ItemImpl, errors: &mut Errors) {
    let is_ours = |attr: &Attribute| last_is(attr.path(), "pyclass_teardown");
    for second in block.attrs.iter().filter(|attr| is_ours(attr)) {
        errors
            .push(Error::at(second.path(), "the methods have two `#[pyclass_teardown]`").help("remove one of the two"));
    }
    block.attrs.retain(|attr| !is_ours(attr));
}

/// What a method is called in Python; none for a `#[new]` or a setter.
fn python_name(method: &ImplItemFn) -> Option<String> {
    let own = method.sig.ident.unraw().to_string();
    let mut name = None;
    let mut getter = false;
    for attr in &method.attrs {
        if attr.path().is_ident("setter") || attr.path().is_ident("deleter") || attr.path().is_ident("new") {
            return None;
        }
        if attr.path().is_ident("getter") {
            getter = true;
            if let Meta::List(list) = &attr.meta {
                name = Some(list.tokens.to_string().trim_matches('"').to_owned());
            }
        }
        if attr.path().is_ident("pyo3")
            && let Meta::List(list) = &attr.meta
            && let Ok(arguments) = list.parse_args_with(Punctuated::<Argument, Token![,]>::parse_terminated)
        {
            for Argument { key, value } in arguments {
                if key == "name"
                    && let Some(syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. })) = value
                {
                    name = Some(text.value());
                }
            }
        }
    }
    name.or_else(|| getter.then(|| own.strip_prefix("get_").map(str::to_owned)).flatten()).or(Some(own))
}

fn has(method: &ImplItemFn, attribute: &str) -> bool {
    method.attrs.iter().any(|attr| attr.path().is_ident(attribute))
}

/// Puts a look at the object in front of a method.
fn instrument(method: &mut ImplItemFn, this: &Type, krate: &Krate, errors: &mut Errors) {
    let unchecked = take_unchecked(method, errors);
    if has(method, "new") {
        return wrap_new(method, krate);
    }
    if has(method, "staticmethod") || has(method, "classmethod") || has(method, "classattr") {
        return;
    }
    let Some(receiver) = Receiver::of(method) else { return };
    let own = method.sig.ident.unraw().to_string();
    if own == "__traverse__" || own == "__clear__" {
        // The garbage collector calls them.
        return;
    }
    let name = python_name(method).unwrap_or(own);
    let exempt = unchecked.is_some() || name.starts_with("close") || EXEMPT.contains(&&*name);
    let rt = krate.rt();
    let at = ends(this).0;
    let look = match result_of(&method.sig.output) {
        Some(result) if !exempt => {
            let (function, object) = receiver.passed_to("refusal");
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
        _ if receiver.may_be_mutable => {
            let (function, object) = receiver.passed_to("running");
            let function = Ident::new(&function, Span::mixed_site());
            let running = placed(local!(#rt::python::#function), at);
            local! {
                #[allow(unused_qualifications)]
                {
                    #running(#object);
                }
            }
        }
        _ => {
            if let Some(unchecked) = unchecked
                && result_of(&method.sig.output).is_none()
            {
                errors.push(
                    Error::at(&unchecked, format!("`{}` has no check", method.sig.ident))
                        .note("a method that returns a `Result` is checked, of those that work on an open object only")
                        .help("remove `#[shutdown(unchecked)]`"),
                );
            }
            return;
        }
    };
    let statements = &method.block.stmts;
    method.block.stmts = vec![syn::Stmt::Expr(syn::Expr::Verbatim(quote!(#look #(#statements)*)), None)];
}

/// The `unchecked` of a `#[shutdown(unchecked)]`, which is taken off the method.
fn take_unchecked(method: &mut ImplItemFn, errors: &mut Errors) -> Option<Ident> {
    let mut unchecked = None;
    method.attrs.retain(|attr| {
        let ours = attr.path().is_ident("shutdown");
        if ours {
            let read = arguments::of_attribute(&attr.meta, METHOD, errors);
            match read.into_iter().next() {
                Some(arg) => unchecked = Some(arg.key),
                None if matches!(attr.meta, Meta::Path(_)) => errors.push(
                    Error::at(attr.path(), "`#[shutdown]` on a method needs an argument")
                        .help("write `#[shutdown(unchecked)]`, or remove it"),
                ),
                None => {}
            }
        }
        !ours
    });
    unchecked
}

/// The type that a method returns, if it is spelled as a `Result`.
fn result_of(output: &ReturnType) -> Option<&Type> {
    fn is_result(ty: &Type) -> bool {
        match ty {
            Type::Group(group) => is_result(&group.elem),
            Type::Paren(paren) => is_result(&paren.elem),
            Type::Path(path) => {
                path.path.segments.last().is_some_and(|last| last.ident.to_string().ends_with("Result"))
            }
            _ => false,
        }
    }
    match output {
        ReturnType::Type(_, ty) if is_result(ty) => Some(ty),
        _ => None,
    }
}

/// The first parameter of a method.
struct Receiver {
    name: TokenStream,
    /// Whether it is the Python object, and not a borrow of the value.
    is_object: bool,
    may_be_mutable: bool,
}

impl Receiver {
    fn of(method: &ImplItemFn) -> Option<Self> {
        match method.sig.inputs.first()? {
            FnArg::Receiver(receiver) => {
                let written = receiver.to_token_stream().to_string();
                let may_be_mutable = written.split_whitespace().any(|word| word == "mut");
                let name = receiver.self_token.to_token_stream();
                Some(Receiver { name, is_object: false, may_be_mutable })
            }
            FnArg::Typed(typed) => {
                let Pat::Ident(pat) = &*typed.pat else { return None };
                let name = pat.ident.to_token_stream();
                let ty = last_ident(&typed.ty)?;
                let is_object = ["Bound", "Py", "Borrowed"].iter().any(|object| ty == object);
                let may_be_mutable = is_object || ty == "PyRefMut" || ty == "PyClassGuardMut";
                Some(Receiver { name, is_object, may_be_mutable })
            }
        }
    }

    /// The function for this kind of receiver, and its argument.
    fn passed_to(&self, function: &str) -> (String, TokenStream) {
        let name = &self.name;
        match self.is_object {
            true => (format!("{function}_object"), quote!(&#name)),
            false => (function.to_owned(), quote!(&*#name)),
        }
    }
}

fn last_ident(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Group(group) => last_ident(&group.elem),
        Type::Paren(paren) => last_ident(&paren.elem),
        Type::Reference(reference) => last_ident(&reference.elem),
        Type::Path(path) => path.path.segments.last().map(|last| &last.ident),
        _ => None,
    }
}

/// Has a `#[new]` note the value that it returns. The signature stays, for callers in Rust.
fn wrap_new(method: &mut ImplItemFn, krate: &Krate) {
    let rt = krate.rt();
    let ReturnType::Type(_, output) = &method.sig.output else { return };
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
    method.block.stmts = vec![syn::Stmt::Expr(syn::Expr::Verbatim(wrapped), None)];
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
