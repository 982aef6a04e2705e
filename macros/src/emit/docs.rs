//! The `# Shutdown` section of the struct's docs: its order and its limits.
//!
//! It is written by the attribute, before `cfg` is resolved, so a line about a field with a `cfg` carries the same `cfg`.
//! That of a Python class is for rustdoc alone, by `cfg(doc)`: `#[pyclass]` makes the docs that it sees the `__doc__` of the
//! class, and Python's users know nothing of private fields.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, DeriveInput, Meta, Token};

use crate::attr::duration;
use crate::attr::errors::Errors;
use crate::attr::flavour::Flavour;
use crate::attr::values::{Call, Timeout};
use crate::attr::written::{self, FieldArgs, StructArgs, Written, member_name};
use crate::emit::methods::Names;
use crate::model::check::DEFAULT_TIMEOUT;

/// The `#[doc]` attributes.
pub(crate) fn section(flavour: Flavour, input: &DeriveInput, args: &StructArgs) -> TokenStream {
    let written = &written::read(flavour, input, &mut Errors::default());
    let rustdoc_only = (flavour == Flavour::PyClass).then(|| quote!(doc));
    let line = |text: &str, cfg: &[TokenStream]| {
        let cfg: Vec<&TokenStream> = rustdoc_only.iter().chain(cfg).collect();
        match &cfg[..] {
            [] => quote!(#[doc = #text]),
            [only] => quote!(#[cfg_attr(#only, doc = #text)]),
            cfg => quote!(#[cfg_attr(all(#(#cfg),*), doc = #text)]),
        }
    };
    let mut lines = vec![line("", &[]), line(" # Shutdown", &[]), line("", &[]), line(&head(flavour, args), &[])];
    let steps = in_order(steps(written));
    if !steps.is_empty() {
        lines.extend([
            line("", &[]),
            line(" It stops these resources. Each one waits for those that it comes after:", &[]),
            line("", &[]),
        ]);
        lines.extend(steps.iter().map(|step| line(&step.line(), &step.cfg)));
    }
    lines.into_iter().collect()
}

fn head(flavour: Flavour, args: &StructArgs) -> String {
    let within = match &args.timeout {
        Some(timeout) => limit(timeout),
        None => duration::display(DEFAULT_TIMEOUT),
    };
    if flavour == Flavour::PyClass {
        return format!(
            " Its resources are stopped, within {within}, by `with`, `async with`, `close()` or `aclose()`."
        );
    }
    if args.manual.is_some() {
        return format!(" Must be shut down, within {within}.");
    }
    let Names { shutdown, with, .. } = Names::of(args);
    format!(
        " Must be shut down, within {within}: call [`{shutdown}`](Self::{shutdown}), or run it in [`{with}`](Self::{with})."
    )
}

fn limit(timeout: &Timeout) -> String {
    match timeout {
        Timeout::Literal(duration, _) => duration::display(*duration),
        Timeout::Const(path) => format!("`{}`", joined(path)),
    }
}

/// A step, and under which `cfg` it is one.
struct DocStep {
    name: String,
    cfg: Vec<TokenStream>,
    after: Vec<String>,
    args: FieldArgs,
}

impl DocStep {
    fn line(&self) -> String {
        let mut line = format!(" - `{}`", self.name);
        if !self.after.is_empty() {
            let after: Vec<String> = self.after.iter().map(|name| format!("`{name}`")).collect();
            line.push_str(&format!(" after {}", after.join(" and ")));
        }
        if let Some(Call::Path(path)) = self.args.with.as_ref().or(self.args.close.as_ref()) {
            line.push_str(&format!(", by `{}`", joined(path)));
        }
        if let Some(timeout) = &self.args.timeout {
            line.push_str(&format!(", within {}", limit(timeout)));
        }
        line
    }
}

fn steps(written: &Written<'_>) -> Vec<DocStep> {
    let mut steps = Vec::new();
    for field in &written.fields {
        let cfg: Vec<TokenStream> = field.attrs.iter().filter_map(cfg_of).collect();
        for attr in field.attrs {
            let mut ignored = Errors::default();
            let (condition, args) = match shutdown_of(attr) {
                Some((condition, meta)) => (condition, written::field_args(&meta, &mut ignored)),
                None => continue,
            };
            if args.skip.is_some() || args.guard.is_some() {
                continue;
            }
            steps.push(DocStep {
                name: member_name(&field.member),
                cfg: cfg.iter().cloned().chain(condition).collect(),
                after: args.after.iter().map(member_name).collect(),
                args,
            });
        }
    }
    steps
}

/// The predicate of a `#[cfg(…)]`.
fn cfg_of(attr: &Attribute) -> Option<TokenStream> {
    match &attr.meta {
        Meta::List(list) if list.path.is_ident("cfg") => Some(list.tokens.clone()),
        _ => None,
    }
}

/// A `#[shutdown]`, or one in a `#[cfg_attr(…, shutdown)]` with the predicate.
fn shutdown_of(attr: &Attribute) -> Option<(Option<TokenStream>, Meta)> {
    if attr.path().is_ident("shutdown") {
        return Some((None, attr.meta.clone()));
    }
    let Meta::List(list) = &attr.meta else { return None };
    if !list.path.is_ident("cfg_attr") {
        return None;
    }
    let metas = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
    let mut metas = metas.into_iter();
    let condition = metas.next()?.to_token_stream();
    let shutdown = metas.find(|meta| meta.path().is_ident("shutdown"))?;
    Some((Some(condition), shutdown))
}

/// Each step below those that it waits for; as in the struct, otherwise.
fn in_order(mut steps: Vec<DocStep>) -> Vec<DocStep> {
    let mut ordered: Vec<DocStep> = Vec::new();
    while !steps.is_empty() {
        let free = |step: &DocStep| step.after.iter().all(|name| steps.iter().all(|left| left.name != *name));
        // In a cycle none is free: the checks report it.
        let next = steps.iter().position(free).unwrap_or(0);
        ordered.push(steps.remove(next));
    }
    ordered
}

/// A path as it is usually written.
fn joined(path: &impl ToTokens) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}
