//! The values of arguments: durations, drop policies, functions, the names of fields.

use std::time::Duration;

use quote::ToTokens;
use syn::{Expr, ExprClosure, ExprLit, ExprPath, Ident, Index, Lit, LitStr, Member, Path};

use crate::attr::duration::{self, Invalid};
use crate::attr::errors::Error;

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

/// What the end of a field means that nobody has requested.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Fail,
    Stop,
    Ignore,
}

/// What the drop of a Python object does that nobody closed.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum ClassPolicy {
    Warn,
    Quiet,
}

/// What stands after `with =`, `close =`, `request =` or `force =`.
pub(crate) enum Call {
    Path(ExprPath),
    Closure(ExprClosure),
}

pub(crate) fn timeout(value: &Expr) -> Result<Timeout, Error> {
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
            .help("use a form such as `\"10s\"`, `\"1m 30s\"`, `\"250ms\"` or `\"2h\"`"),
        Invalid::NoUnit => {
            let error = Error::at(text, "a duration needs a unit");
            match shown.trim_end().ends_with(|c: char| c.is_ascii_digit()) {
                true => error.help(format!("write `\"{shown}s\"` or `\"{shown}ms\"`")),
                false => error.help("use a form such as `\"1m 30s\"`"),
            }
        }
        Invalid::Order => Error::at(text, "the units of a duration must go from larger to smaller")
            .help("write each unit once, as in `\"1m 30s\"`"),
        Invalid::Zero => {
            Error::at(text, "a timeout must be longer than zero").help("use a form such as `\"10s\"` or `\"250ms\"`")
        }
        Invalid::TooLong => {
            Error::at(text, "this duration is too long").help("use a form such as `\"10s\"` or `\"2h\"`")
        }
    }
}

pub(crate) fn policy(value: &Expr) -> Result<(Policy, LitStr), Error> {
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

pub(crate) fn end(value: &Expr) -> Result<End, Error> {
    const ENDS: &str = "the values are `\"fail\"`, `\"stop\"`, `\"ignore\"`";
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = bare(value) else {
        return Err(Error::at(value, "`on_end` must be a string").help(ENDS));
    };
    match &*text.value() {
        "fail" => Ok(End::Fail),
        "stop" => Ok(End::Stop),
        "ignore" => Ok(End::Ignore),
        other => Err(Error::at(text, format!("unknown meaning of an end `{other}`")).help(ENDS)),
    }
}

pub(crate) fn class_policy(value: &Expr) -> Result<ClassPolicy, Error> {
    const POLICIES: &str = "the policies of a Python class are `\"warn\"`, `\"quiet\"`";
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = bare(value) else {
        return Err(Error::at(value, "`on_drop` must be a string").help(POLICIES));
    };
    match &*text.value() {
        "warn" => Ok(ClassPolicy::Warn),
        "quiet" => Ok(ClassPolicy::Quiet),
        other => Err(Error::at(text, format!("unknown drop policy `{other}`")).help(POLICIES)),
    }
}

pub(crate) fn name(value: &Expr) -> Result<String, Error> {
    match bare(value) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if !text.value().trim().is_empty() => Ok(text.value()),
        other => Err(Error::at(other, "`name` must be a string that is not empty").help("write `name = \"Runner\"`")),
    }
}

/// The name after `methods =`.
pub(crate) fn methods(value: &Expr) -> Result<Ident, Error> {
    match bare(value) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if !text.value().starts_with("r#") => text.parse().ok(),
        _ => None,
    }
    .ok_or_else(|| {
        Error::at(bare(value), "`methods` must be a string that is a name")
            .help("write `methods = \"stop\"` for `stop()`, `stop_within()` and so on")
    })
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

pub(crate) fn call(key: &Ident, value: Expr) -> Result<Call, Error> {
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

pub(crate) fn after(key: &Ident, value: &Expr) -> Result<Vec<Member>, Error> {
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
