//! Which method of a Python class checks what, before its own body.

use syn::ext::IdentExt as _;
use syn::{ImplItemFn, ReturnType, Type};

use crate::attr::class_methods::{MethodArgs, Receiver, has, python_name, result_of, returned};
use crate::attr::errors::{Error, Errors};

/// The methods that work on a closed object.
const EXEMPT: &[&str] = &[
    "__repr__",
    "__str__",
    "__traverse__",
    "__clear__",
    "__del__",
    "__exit__",
    "__aexit__",
    "close",
    "aclose",
    "closed",
    "shutdown_report",
];

/// What is put in front of a method's body.
pub(crate) enum Check {
    Nothing,
    /// It is a `#[new]`, which returns this: the value is noted.
    New(Box<Type>),
    /// It returns this `Result`: an error, if the object is closed.
    Refuse(Receiver, Box<Type>),
    /// It may borrow the value mutably: the borrow is noted.
    Running(Receiver),
}

impl Check {
    /// Decides for one method.
    pub(crate) fn of(method: &ImplItemFn, errors: &mut Errors) -> Self {
        let MethodArgs { checked, unchecked } = MethodArgs::read(method, errors);
        if has(method, "new") {
            return match &method.sig.output {
                ReturnType::Type(_, output) => Check::New(output.clone()),
                ReturnType::Default => Check::Nothing,
            };
        }
        if has(method, "staticmethod") || has(method, "classmethod") || has(method, "classattr") {
            return Check::Nothing;
        }
        let Some(receiver) = Receiver::of(method) else { return Check::Nothing };
        let own = method.sig.ident.unraw().to_string();
        if own == "__traverse__" || own == "__clear__" {
            // The garbage collector calls them.
            return Check::Nothing;
        }
        let name = python_name(method).unwrap_or(own);
        if let (Some(checked), Some(_)) = (&checked, &unchecked) {
            errors.push(
                Error::at(checked, format!("`{}` is both checked and unchecked", method.sig.ident))
                    .help("remove one of the two"),
            );
        }
        let exempt = checked.is_none() && (unchecked.is_some() || EXEMPT.contains(&&*name));
        // An alias of another name is one that the user points out; if it is no `Result`, rustc says so.
        let result = if checked.is_some() { returned(&method.sig.output) } else { result_of(&method.sig.output) };
        if let (Some(checked), None) = (&checked, result) {
            errors.push(
                Error::at(checked, format!("`{}` returns nothing that could say so", method.sig.ident))
                    .note("a checked method returns an error if the object is closed")
                    .help("make it return a `Result`, or remove `#[shutdown(checked)]`"),
            );
        }
        match result {
            Some(result) if !exempt => Check::Refuse(receiver, Box::new(result.clone())),
            _ if receiver.may_be_mutable => Check::Running(receiver),
            None => {
                if let Some(unchecked) = unchecked {
                    errors.push(
                        Error::at(
                            &unchecked,
                            format!("`{}` is not checked, with or without `unchecked`", method.sig.ident),
                        )
                        .note("only methods that return a `Result` are checked")
                        .help("remove `#[shutdown(unchecked)]`"),
                    );
                }
                Check::Nothing
            }
            Some(_) => Check::Nothing,
        }
    }
}
