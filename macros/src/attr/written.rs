//! What the user wrote: the struct, our attributes on it and on its fields, with the errors of form.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DeriveInput, Ident, LitStr, Member, Meta, Path, Type};

use crate::attr::arguments::{self, Arg, Known};
use crate::attr::errors::{Error, Errors};
use crate::attr::flavour::Flavour;
use crate::attr::values::{self, Call, ClassPolicy, End, Policy, Timeout};

const FIELD: &[Known] = &[
    Known { key: "after", example: "after = field" },
    Known { key: "timeout", example: "timeout = \"2s\"" },
    Known { key: "with", example: "with = Pool::close" },
    Known { key: "close", example: "close = Pool::close" },
    Known { key: "request", example: "request = Pool::stop" },
    Known { key: "force", example: "force = Pool::kill" },
    Known { key: "on_end", example: "on_end = \"stop\"" },
    Known { key: "skip", example: "skip" },
    Known { key: "guard", example: "guard" },
];

/// A struct with our attributes.
pub(crate) struct Written<'a> {
    pub(crate) flavour: Flavour,
    pub(crate) input: &'a DeriveInput,
    /// Where the macro was named.
    pub(crate) macro_span: Span,
    pub(crate) args: StructArgs,
    pub(crate) fields: Vec<WrittenField<'a>>,
}

/// The arguments of the struct.
#[derive(Default)]
pub(crate) struct StructArgs {
    pub(crate) timeout: Option<Timeout>,
    pub(crate) on_drop: Option<(Policy, LitStr)>,
    /// The `on_drop` of a Python class.
    pub(crate) on_class_drop: Option<ClassPolicy>,
    pub(crate) name: Option<String>,
    pub(crate) shared: Option<Ident>,
    pub(crate) manual: Option<Ident>,
    /// What the generated methods are called after, if not `shutdown`.
    pub(crate) methods: Option<Ident>,
    /// Whether there is a builder for the start.
    pub(crate) starting: Option<Ident>,
    /// Whether the value must stay on its thread.
    pub(crate) unsendable: bool,
    /// Whether the class names its base class.
    pub(crate) extends: bool,
    pub(crate) krate: Option<Path>,
}

/// A field, and the first `#[shutdown]` on it.
pub(crate) struct WrittenField<'a> {
    pub(crate) member: Member,
    pub(crate) ty: &'a Type,
    pub(crate) attrs: &'a [Attribute],
    pub(crate) args: Option<FieldArgs>,
}

/// The arguments of one `#[shutdown]`.
#[derive(Default)]
pub(crate) struct FieldArgs {
    pub(crate) keys: Vec<Ident>,
    pub(crate) after: Vec<Member>,
    pub(crate) timeout: Option<Timeout>,
    pub(crate) with: Option<Call>,
    pub(crate) close: Option<Call>,
    pub(crate) request: Option<Call>,
    pub(crate) force: Option<Call>,
    pub(crate) on_end: Option<End>,
    pub(crate) skip: Option<Ident>,
    pub(crate) guard: Option<Ident>,
}

/// Reads a struct, as well as it can be read.
pub(crate) fn read<'a>(flavour: Flavour, input: &'a DeriveInput, errors: &mut Errors) -> Written<'a> {
    let carriers: Vec<&Attribute> = input.attrs.iter().filter(|attr| attr.path().is_ident(flavour.carrier())).collect();
    let macro_span = match (flavour, carriers.first()) {
        (flavour, Some(carrier)) if flavour.is_guarded() => carrier.path().span(),
        _ => Span::call_site(),
    };
    let mut args = StructArgs::default();
    for (i, carrier) in carriers.iter().enumerate() {
        if i > 0 {
            errors.push(second(carrier.path(), &format!("`{}`", input.ident), flavour.carrier()));
        } else {
            args = struct_args(flavour, arguments::of_attribute(&carrier.meta, flavour.arguments(), errors), errors);
        }
    }
    for stray in input.attrs.iter().filter(|attr| attr.path().is_ident("shutdown")) {
        errors.push(stray_shutdown(stray, flavour));
    }
    let fields = match &input.data {
        Data::Struct(data) => data
            .fields
            .iter()
            .zip(data.fields.members())
            .map(|(field, member)| field_of(field, member, errors))
            .collect(),
        Data::Enum(data) => not_a_struct(&data.enum_token, flavour, errors),
        Data::Union(data) => not_a_struct(&data.union_token, flavour, errors),
    };
    Written { flavour, input, macro_span, args, fields }
}

fn not_a_struct<'a>(keyword: &impl ToTokens, flavour: Flavour, errors: &mut Errors) -> Vec<WrittenField<'a>> {
    let cure = match keyword.to_token_stream().to_string().as_str() {
        "enum" => "move the resource fields into a struct and store it in the variant",
        _ => "move the resource fields into a struct",
    };
    errors.push(Error::at(keyword, format!("`{}` needs a struct", flavour.spelling())).help(cure));
    Vec::new()
}

pub(crate) fn stray_shutdown(at: &Attribute, flavour: Flavour) -> Error {
    let carrier = flavour.attribute();
    Error::at(at.path(), "`#[shutdown]` belongs on a field")
        .help(format!("write the arguments of the struct in `#[{carrier}(…)]`"))
}

fn second(at: &Path, of: &str, name: &str) -> Error {
    Error::at(at, format!("{of} has two `#[{name}]`")).help(format!("write all arguments in one `#[{name}(…)]`"))
}

fn field_of<'a>(field: &'a syn::Field, member: Member, errors: &mut Errors) -> WrittenField<'a> {
    let mut ours = field.attrs.iter().filter(|attr| attr.path().is_ident("shutdown"));
    let args = ours.next().map(|attr| field_args(&attr.meta, errors));
    for attr in ours {
        errors.push(second(attr.path(), &format!("field `{}`", member_name(&member)), "shutdown"));
    }
    WrittenField { member, ty: &field.ty, attrs: &field.attrs, args }
}

/// The arguments of a `#[must_shutdown(…)]` or `#[pyclass_teardown(…)]`, as the attribute macro gets them.
pub(crate) fn attribute_args(flavour: Flavour, tokens: TokenStream, errors: &mut Errors) -> StructArgs {
    struct_args(flavour, arguments::read(tokens, flavour.arguments(), errors), errors)
}

fn struct_args(flavour: Flavour, list: Vec<Arg>, errors: &mut Errors) -> StructArgs {
    let mut args = StructArgs::default();
    for Arg { known, key, value } in list {
        match (known, value) {
            ("timeout", Some(value)) => args.timeout = keep(values::timeout(&value), errors),
            ("on_drop", Some(value)) if flavour == Flavour::PyClass => {
                args.on_class_drop = keep(values::class_policy(&value), errors);
            }
            ("on_drop", Some(value)) => args.on_drop = keep(values::policy(&value), errors),
            ("name", Some(value)) => args.name = keep(values::name(&value), errors),
            ("methods", Some(value)) => args.methods = keep(values::methods(&value), errors),
            ("crate", Some(value)) => args.krate = keep(values::krate(&value), errors),
            ("shared", None) => args.shared = Some(key),
            ("manual", None) => args.manual = Some(key),
            ("starting", None) => args.starting = Some(key),
            ("__unsendable", None) => args.unsendable = true,
            ("__extends", None) => args.extends = true,
            _ => {}
        }
    }
    args
}

/// The arguments of `#[shutdown(…)]` on a field.
pub(crate) fn field_args(meta: &Meta, errors: &mut Errors) -> FieldArgs {
    let mut args = FieldArgs::default();
    for Arg { known, key, value } in arguments::of_attribute(meta, FIELD, errors) {
        args.keys.push(key.clone());
        match (known, value) {
            ("after", Some(value)) => args.after = keep(values::after(&key, &value), errors).unwrap_or_default(),
            ("timeout", Some(value)) => args.timeout = keep(values::timeout(&value), errors),
            ("with", Some(value)) => args.with = keep(values::call(&key, value), errors),
            ("close", Some(value)) => args.close = keep(values::call(&key, value), errors),
            ("request", Some(value)) => args.request = keep(values::call(&key, value), errors),
            ("force", Some(value)) => args.force = keep(values::call(&key, value), errors),
            ("on_end", Some(value)) => args.on_end = keep(values::end(&value), errors),
            ("skip", None) => args.skip = Some(key),
            ("guard", None) => args.guard = Some(key),
            _ => {}
        }
    }
    args
}

fn keep<T>(read: Result<T, Error>, errors: &mut Errors) -> Option<T> {
    read.map_err(|error| errors.push(error)).ok()
}

/// A field's name for people: without `r#`.
pub(crate) fn member_name(member: &Member) -> String {
    use syn::ext::IdentExt as _;
    match member {
        Member::Named(ident) => ident.unraw().to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}
