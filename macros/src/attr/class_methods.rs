//! What the user wrote on the methods of a Python class.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, FnArg, Ident, ImplItemFn, Lit, Meta, Pat, Path, ReturnType, Token, Type};

use crate::attr::arguments::{self, Arg, Known};
use crate::attr::errors::{Error, Errors};
use crate::attr::item::is_shutdown;
use crate::attr::pyo3::Argument;
use crate::attr::values;

const BLOCK: &[Known] =
    &[Known { key: "report", example: "report" }, Known { key: "crate", example: "crate = ::sundown_python" }];

const METHOD: &[Known] =
    &[Known { key: "checked", example: "checked" }, Known { key: "unchecked", example: "unchecked" }];

/// The arguments of `#[pyclass_teardown(…)]` on the methods.
#[derive(Default)]
pub(crate) struct MethodsArgs {
    pub(crate) report: bool,
    pub(crate) krate: Option<Path>,
}

impl MethodsArgs {
    pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut args = MethodsArgs::default();
        for Arg { known, value, .. } in arguments::read(tokens, BLOCK, errors) {
            match (known, value) {
                ("report", None) => args.report = true,
                ("crate", Some(value)) => match values::krate(&value) {
                    Ok(path) => args.krate = Some(path),
                    Err(error) => errors.push(error),
                },
                _ => {}
            }
        }
        args
    }
}

/// What a method is called in Python; none for a `#[new]` or a setter.
pub(crate) fn python_name(method: &ImplItemFn) -> Option<String> {
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
                    && let Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) = value
                {
                    name = Some(text.value());
                }
            }
        }
    }
    name.or_else(|| getter.then(|| own.strip_prefix("get_").map(str::to_owned)).flatten()).or(Some(own))
}

/// Whether a method has an attribute of PyO3's.
pub(crate) fn has(method: &ImplItemFn, attribute: &str) -> bool {
    method.attrs.iter().any(|attr| attr.path().is_ident(attribute))
}

/// What `#[shutdown(…)]` on a method says of its check.
#[derive(Default)]
pub(crate) struct MethodArgs {
    pub(crate) checked: Option<Ident>,
    pub(crate) unchecked: Option<Ident>,
}

impl MethodArgs {
    pub(crate) fn read(method: &ImplItemFn, errors: &mut Errors) -> Self {
        let mut args = MethodArgs::default();
        for attr in method.attrs.iter().filter(|attr| is_shutdown(attr)) {
            let list = arguments::of_attribute(&attr.meta, METHOD, errors);
            if list.is_empty() && matches!(attr.meta, Meta::Path(_)) {
                errors.push(
                    Error::at(attr.path(), "`#[shutdown]` on a method needs an argument")
                        .help("write `#[shutdown(unchecked)]`, or remove it"),
                );
            }
            for Arg { known, key, .. } in list {
                match known {
                    "checked" => args.checked = Some(key),
                    _ => args.unchecked = Some(key),
                }
            }
        }
        args
    }
}

/// The type that a method returns.
pub(crate) fn returned(output: &ReturnType) -> Option<&Type> {
    match output {
        ReturnType::Type(_, ty) => Some(ty),
        ReturnType::Default => None,
    }
}

/// The type that a method returns, if it is spelled `Result` or `PyResult`.
pub(crate) fn result_of(output: &ReturnType) -> Option<&Type> {
    fn is_result(ty: &Type) -> bool {
        match ty {
            Type::Group(group) => is_result(&group.elem),
            Type::Paren(paren) => is_result(&paren.elem),
            Type::Path(path) => {
                path.path.segments.last().is_some_and(|last| last.ident == "Result" || last.ident == "PyResult")
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
pub(crate) struct Receiver {
    pub(crate) name: TokenStream,
    /// Whether it is the Python object, and not a borrow of the value.
    pub(crate) is_object: bool,
    pub(crate) may_be_mutable: bool,
}

impl Receiver {
    pub(crate) fn of(method: &ImplItemFn) -> Option<Self> {
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
