//! The rules about the item that an attribute stands on. The fields have theirs in `check`.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::{Attribute, Data, DeriveInput};

use crate::attr::errors::{Error, Errors};
use crate::attr::flavour::Flavour;
use crate::attr::item::{DeriveOf, bare_guard, is_second, is_shutdown, keyword};
use crate::attr::written;
use crate::model::check;

/// Checks the attributes of a struct, and the guard's type as far as rustc would complain of it too.
pub(crate) fn check(flavour: Flavour, input: &DeriveInput, errors: &mut Errors) {
    no_second_attribute(flavour, input, errors);
    if flavour == Flavour::PyClass {
        no_must_shutdown(input, errors);
    }
    no_derive_of_teardown(flavour, input, errors);
    no_clone(flavour, input, errors);
    no_shutdown_on_the_struct(flavour, input, errors);
    guard_has_a_type(input, errors);
}

fn no_second_attribute(flavour: Flavour, input: &DeriveInput, errors: &mut Errors) {
    for second in input.attrs.iter().filter(|attr| is_second(attr, flavour)) {
        errors.push(
            Error::at(second.path(), format!("`{}` has two `{}`", input.ident, flavour.spelling()))
                .help("remove one of the two"),
        );
    }
}

fn no_must_shutdown(input: &DeriveInput, errors: &mut Errors) {
    if let Some(attr) = input.attrs.iter().find(|attr| is_second(attr, Flavour::MustShutdown)) {
        errors.push(
            Error::at(attr.path(), format!("`{}` has both `#[pyclass_teardown]` and `#[must_shutdown]`", input.ident))
                .note("`#[pyclass_teardown]` generates the shutdown of a Python class")
                .help("remove `#[must_shutdown]`"),
        );
    }
}

fn no_derive_of_teardown(flavour: Flavour, input: &DeriveInput, errors: &mut Errors) {
    for derive in input.attrs.iter().filter_map(|attr| DeriveOf::read(attr, "Teardown")) {
        errors.push(derived_twice(flavour, &derive.derived));
    }
}

/// The guard has no `Clone`, so that rustc would report it; but it cannot say why, nor what to do.
fn no_clone(flavour: Flavour, input: &DeriveInput, errors: &mut Errors) {
    let name = input.ident.unraw();
    for derive in input.attrs.iter().filter_map(|attr| DeriveOf::read(attr, "Clone")) {
        let help = match flavour {
            Flavour::PyClass => format!("remove `Clone`, and clone a `Py<{name}>` instead"),
            Flavour::MustShutdown | Flavour::Teardown => format!(
                "remove `Clone`, write `#[must_shutdown(shared)]`, and share an `Arc<{name}>`; a facade around it can be \
                 `#[derive(Clone, Teardown)] struct Handle {{ #[shutdown] inner: Arc<{name}> }}`"
            ),
        };
        errors.push(
            Error::at(&derive.derived, format!("`{name}` owns its resources, and cannot be cloned"))
                .note("a value is shut down once: of two clones one would be dropped without it")
                .help(help),
        );
    }
}

/// Reported here and not by the derive: rustc knows the attribute only below a derive that has it.
fn no_shutdown_on_the_struct(flavour: Flavour, input: &DeriveInput, errors: &mut Errors) {
    for stray in input.attrs.iter().filter(|attr| is_shutdown(attr)) {
        errors.push(written::stray_shutdown(stray, flavour));
    }
}

fn guard_has_a_type(input: &DeriveInput, errors: &mut Errors) {
    let Data::Struct(data) = &input.data else { return };
    for guard in data.fields.iter().filter_map(|field| bare_guard(&field.ty)) {
        errors.push(check::misspelled_guard(guard));
    }
}

/// The error for a struct with both macros, at the one that is too many.
pub(crate) fn derived_twice(flavour: Flavour, at: &impl ToTokens) -> Error {
    let what = match flavour {
        Flavour::PyClass => "a Python class cannot derive `Teardown`",
        Flavour::MustShutdown | Flavour::Teardown => "`#[must_shutdown]` implements `Teardown` already",
    };
    Error::at(at, what).help("remove `Teardown` from the derive")
}

/// The error for `#[must_shutdown]` on what is no type.
pub(crate) fn no_struct(item: &TokenStream) -> Error {
    Error::at(&keyword(item), "`#[must_shutdown]` needs a struct")
        .help("put the attribute on the struct that owns the resources")
}

/// The error for `#[pyclass_teardown]` on what is neither a struct nor its methods.
pub(crate) fn no_class(item: &TokenStream) -> Error {
    let at = match syn::parse2::<DeriveInput>(item.clone()).map(|input| input.data) {
        Ok(Data::Enum(data)) => data.enum_token.to_token_stream(),
        Ok(Data::Union(data)) => data.union_token.to_token_stream(),
        _ => keyword(item),
    };
    Error::at(&at, "`#[pyclass_teardown]` needs a struct or its methods")
        .help("write it above the `#[pyclass]` of a struct and above the `#[pymethods]` of its impl")
}

/// The error for `#[pyclass_teardown]` on a struct without a `#[pyclass]` below.
pub(crate) fn not_above_pyclass() -> Error {
    Error::at_span(Span::call_site(), "`#[pyclass_teardown]` must be above `#[pyclass]`")
        .help("write `#[pyclass_teardown]` first, and `#[pyclass]` below it")
}

/// The error for `#[pyclass_teardown]` on an impl without a `#[pymethods]` below.
pub(crate) fn not_above_pymethods() -> Error {
    Error::at_span(Span::call_site(), "`#[pyclass_teardown]` must be above `#[pymethods]`")
        .help("write `#[pyclass_teardown]` first, and `#[pymethods]` below it")
}

/// Checks the attributes of an impl.
pub(crate) fn check_methods(attrs: &[Attribute], errors: &mut Errors) {
    for second in attrs.iter().filter(|attr| is_second(attr, Flavour::PyClass)) {
        errors
            .push(Error::at(second.path(), "the methods have two `#[pyclass_teardown]`").help("remove one of the two"));
    }
}
