//! What the user wrote: the struct, our attributes on it and on its fields, with the errors of form.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::spanned::Spanned as _;
use syn::{
    Attribute, Data, DeriveInput, Expr, ExprClosure, ExprLit, ExprPath, Ident, Index, Lit, LitStr, Member, Meta, Path,
    Type,
};

use crate::attr::arguments::{self, Arg, Known};
use crate::attr::duration::{self, Invalid};
use crate::attr::errors::{Error, Errors};

/// Which of the macros reads the struct.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Flavour {
    MustShutdown,
    /// `#[pyclass_teardown]`, on the struct.
    PyClass,
    Teardown,
}

impl Flavour {
    /// As the user writes it.
    pub(crate) fn spelling(self) -> &'static str {
        match self {
            Flavour::MustShutdown => "#[must_shutdown]",
            Flavour::PyClass => "#[pyclass_teardown]",
            Flavour::Teardown => "#[derive(Teardown)]",
        }
    }

    /// The attribute that takes the arguments of the struct.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Flavour::MustShutdown => "must_shutdown",
            Flavour::PyClass => "pyclass_teardown",
            Flavour::Teardown => "teardown",
        }
    }

    /// Whether its structs have a guard.
    pub(crate) fn is_guarded(self) -> bool {
        match self {
            Flavour::MustShutdown | Flavour::PyClass => true,
            Flavour::Teardown => false,
        }
    }

    /// The attribute that carries the arguments of the struct.
    fn carrier(self) -> &'static str {
        match self {
            Flavour::MustShutdown | Flavour::PyClass => "__sundown",
            Flavour::Teardown => "teardown",
        }
    }

    fn arguments(self) -> &'static [Known] {
        match self {
            Flavour::MustShutdown => MUST_SHUTDOWN,
            Flavour::PyClass => PYCLASS,
            Flavour::Teardown => TEARDOWN,
        }
    }
}

const MUST_SHUTDOWN: &[Known] = &[
    Known { key: "timeout", example: "timeout = \"10s\"" },
    Known { key: "on_drop", example: "on_drop = \"log\"" },
    Known { key: "name", example: "name = \"Runner\"" },
    Known { key: "shared", example: "shared" },
    Known { key: "manual", example: "manual" },
    Known { key: "crate", example: "crate = ::sundown" },
];

const PYCLASS: &[Known] = &[
    Known { key: "timeout", example: "timeout = \"10s\"" },
    Known { key: "name", example: "name = \"Client\"" },
    Known { key: "crate", example: "crate = ::sundown" },
    // Written by the attribute, which sees what `#[pyclass]` says.
    Known { key: "__unsendable", example: "__unsendable" },
    Known { key: "__extends", example: "__extends" },
];

const TEARDOWN: &[Known] = &[
    Known { key: "timeout", example: "timeout = \"10s\"" },
    Known { key: "name", example: "name = \"Runner\"" },
    Known { key: "crate", example: "crate = ::sundown" },
];

const FIELD: &[Known] = &[
    Known { key: "after", example: "after = field" },
    Known { key: "timeout", example: "timeout = \"2s\"" },
    Known { key: "with", example: "with = Pool::close" },
    Known { key: "ask", example: "ask = Pool::stop" },
    Known { key: "force", example: "force = Pool::kill" },
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
    pub(crate) name: Option<String>,
    pub(crate) shared: Option<Ident>,
    pub(crate) manual: Option<Ident>,
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
    pub(crate) ask: Option<Call>,
    pub(crate) force: Option<Call>,
    pub(crate) skip: Option<Ident>,
    pub(crate) guard: Option<Ident>,
}

pub(crate) enum Timeout {
    Literal(Duration, LitStr),
    Const(ExprPath),
}

#[derive(Clone, Copy)]
pub(crate) enum Policy {
    Panic,
    Log,
    Wait,
}

/// What stands after `with =`, `ask =` or `force =`.
pub(crate) enum Call {
    Path(ExprPath),
    Closure(ExprClosure),
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
            args = struct_args(arguments::of_attribute(&carrier.meta, flavour.arguments(), errors), errors);
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
    let keyword_text = keyword.to_token_stream();
    errors.push(
        Error::at(keyword, format!("`{}` needs a struct", flavour.spelling()))
            .help(format!("put the resources into a struct, and the {keyword_text} beside or around it")),
    );
    Vec::new()
}

pub(crate) fn stray_shutdown(at: &Attribute, flavour: Flavour) -> Error {
    let carrier = flavour.attribute();
    Error::at(at.path(), "`#[shutdown]` belongs on a field")
        .help(format!("give the arguments of the struct to `#[{carrier}(…)]`"))
}

fn second(at: &Path, of: &str, name: &str) -> Error {
    Error::at(at, format!("{of} has two `#[{name}]`")).help(format!("join them: `#[{name}(…, …)]`"))
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
    struct_args(arguments::read(tokens, flavour.arguments(), errors), errors)
}

fn struct_args(list: Vec<Arg>, errors: &mut Errors) -> StructArgs {
    let mut args = StructArgs::default();
    for Arg { known, key, value } in list {
        match (known, value) {
            ("timeout", Some(value)) => args.timeout = keep(timeout(&value), errors),
            ("on_drop", Some(value)) => args.on_drop = keep(policy(&value), errors),
            ("name", Some(value)) => args.name = keep(name(&value), errors),
            ("crate", Some(value)) => args.krate = keep(krate(&value), errors),
            ("shared", None) => args.shared = Some(key),
            ("manual", None) => args.manual = Some(key),
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
            ("after", Some(value)) => args.after = keep(after(&key, &value), errors).unwrap_or_default(),
            ("timeout", Some(value)) => args.timeout = keep(timeout(&value), errors),
            ("with", Some(value)) => args.with = keep(call(&key, value), errors),
            ("ask", Some(value)) => args.ask = keep(call(&key, value), errors),
            ("force", Some(value)) => args.force = keep(call(&key, value), errors),
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

fn timeout(value: &Expr) -> Result<Timeout, Error> {
    match bare(value) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => match duration::parse(&text.value()) {
            Ok(duration) => Ok(Timeout::Literal(duration, text.clone())),
            Err(invalid) => Err(bad_duration(text, &invalid)),
        },
        Expr::Path(path) => Ok(Timeout::Const(path.clone())),
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if number.suffix().is_empty() => {
            Err(Error::at(number, "a duration needs a unit").help(format!("write `\"{number}s\"` or `\"{number}ms\"`")))
        }
        other => Err(Error::at(other, "a timeout must be a duration or the path of a constant")
            .help("write `\"10s\"`, or name a `const` of type `Duration`")),
    }
}

fn bad_duration(text: &LitStr, invalid: &Invalid) -> Error {
    let shown = text.value();
    match invalid {
        Invalid::Form => Error::at(text, format!("`{shown}` is not a duration"))
            .help("write it as in `\"10s\"`, `\"1m 30s\"`, `\"250ms\"` or `\"2h\"`"),
        Invalid::NoUnit => {
            let error = Error::at(text, "a duration needs a unit");
            match shown.trim_end().ends_with(|c: char| c.is_ascii_digit()) {
                true => error.help(format!("write `\"{shown}s\"` or `\"{shown}ms\"`")),
                false => error.help("write it as in `\"1m 30s\"`"),
            }
        }
        Invalid::Order => Error::at(text, "the units of a duration must go from larger to smaller")
            .help("write each unit once, as in `\"1m 30s\"`"),
        Invalid::Zero => {
            Error::at(text, "a timeout must be longer than zero").help("write it as in `\"10s\"` or `\"250ms\"`")
        }
        Invalid::TooLong => Error::at(text, "this duration is too long").help("write it as in `\"10s\"` or `\"2h\"`"),
    }
}

fn policy(value: &Expr) -> Result<(Policy, LitStr), Error> {
    const POLICIES: &str = "the policies are `\"panic\"`, `\"log\"`, `\"wait\"`";
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = bare(value) else {
        return Err(Error::at(value, "`on_drop` must be a string").help(POLICIES));
    };
    let policy = match &*text.value() {
        "panic" => Policy::Panic,
        "log" => Policy::Log,
        "wait" => Policy::Wait,
        other => return Err(Error::at(text, format!("unknown drop policy `{other}`")).help(POLICIES)),
    };
    Ok((policy, text.clone()))
}

fn name(value: &Expr) -> Result<String, Error> {
    match bare(value) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if !text.value().trim().is_empty() => Ok(text.value()),
        other => Err(Error::at(other, "`name` must be a string that is not empty").help("write `name = \"Runner\"`")),
    }
}

/// The path after `crate =`.
pub(crate) fn krate(value: &Expr) -> Result<Path, Error> {
    match bare(value) {
        Expr::Path(ExprPath { qself: None, path, .. })
            if path.segments.iter().all(|segment| segment.arguments.is_none()) =>
        {
            Ok(path.clone())
        }
        other => {
            Err(Error::at(other, "`crate` must be the path of the crate").help("write `crate = path::to::sundown`"))
        }
    }
}

fn call(key: &Ident, value: Expr) -> Result<Call, Error> {
    match unwrapped(value) {
        Expr::Path(path) => Ok(Call::Path(path)),
        Expr::Closure(closure) if closure.inputs.len() == 1 => Ok(Call::Closure(closure)),
        Expr::Closure(closure) => {
            let inputs = &closure.inputs;
            let at = if inputs.is_empty() { closure.to_token_stream() } else { inputs.to_token_stream() };
            Err(Error::at(&at, format!("the closure of `{key}` must have one parameter"))
                .help(format!("write `{key} = |value| …`")))
        }
        other => Err(Error::at(&other, format!("`{key}` must be a path or a closure"))
            .help(format!("write `{key} = Type::method` or `{key} = |value| …`"))),
    }
}

fn after(key: &Ident, value: &Expr) -> Result<Vec<Member>, Error> {
    match bare(value) {
        Expr::Array(array) if array.elems.is_empty() => {
            Err(Error::at(array, format!("`{key}` names no field")).help(format!("remove `{key}`")))
        }
        Expr::Array(array) => array.elems.iter().map(field_name).collect(),
        one => Ok(vec![field_name(one)?]),
    }
}

fn field_name(value: &Expr) -> Result<Member, Error> {
    const HELP: &str = "write `after = field`, `after = [a, b]`, or the index of a tuple field";
    match bare(value) {
        Expr::Path(ExprPath { qself: None, path, .. }) => path
            .get_ident()
            .cloned()
            .map(Member::Named)
            .ok_or_else(|| Error::at(path, "expected the name of a field").help(HELP)),
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => match number.base10_parse() {
            Ok(index) if number.suffix().is_empty() => Ok(Member::Unnamed(Index { index, span: number.span() })),
            _ => Err(Error::at(number, "expected the index of a field").help(HELP)),
        },
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
            let name = text.value();
            Err(Error::at(text, "a field is named without quotes").help(format!("write `{name}`")))
        }
        other => Err(Error::at(other, "expected the name of a field").help(HELP)),
    }
}

/// Without the invisible groups that `macro_rules` leaves around its fragments.
pub(crate) fn bare(mut expr: &Expr) -> &Expr {
    while let Expr::Group(group) = expr {
        expr = &group.expr;
    }
    expr
}

/// As [`bare`], and without parentheses.
fn unwrapped(mut expr: Expr) -> Expr {
    loop {
        expr = match expr {
            Expr::Group(group) => *group.expr,
            Expr::Paren(paren) => *paren.expr,
            other => return other,
        };
    }
}

/// A field's name for people: without `r#`.
pub(crate) fn member_name(member: &Member) -> String {
    use syn::ext::IdentExt as _;
    match member {
        Member::Named(ident) => ident.unraw().to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}
