//! What we decided: which field plays which part. Questions about a struct are methods here.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::{DeriveInput, GenericParam, Ident, Member, PathSegment, Type};

use crate::attr::flavour::Flavour;
use crate::attr::values::{Call, End, Policy, Timeout};
use crate::attr::written::{FieldArgs, StructArgs, Written, WrittenField, member_name};
use crate::model::types::{any_ident, last_segment, only_argument};

/// An annotated struct.
pub(crate) struct Model<'a> {
    pub(crate) flavour: Flavour,
    pub(crate) input: &'a DeriveInput,
    pub(crate) macro_span: Span,
    pub(crate) args: StructArgs,
    pub(crate) fields: Vec<Field<'a>>,
}

pub(crate) struct Field<'a> {
    pub(crate) member: Member,
    pub(crate) ty: &'a Type,
    pub(crate) role: Role,
    /// The arguments as they were written, for the checks.
    pub(crate) keys: Vec<Ident>,
}

/// The part that a field plays.
pub(crate) enum Role {
    Guard(Guard),
    Step(Box<Step>),
    Skipped,
    /// Not annotated: must not be a resource.
    Bystander,
}

/// How the guard was found.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Guard {
    /// By `#[shutdown(guard)]`.
    Marked,
    /// By its type `ShutdownGuard<Self>`.
    Typed,
    /// By its type, which is not spelled `ShutdownGuard<Self>`.
    Misspelled,
    /// By its type, and it has a `#[shutdown]` all the same.
    Annotated,
}

pub(crate) struct Step {
    pub(crate) after: Vec<After>,
    pub(crate) timeout: Option<Timeout>,
    pub(crate) with: Option<Call>,
    /// As `with`, of a function that is not async.
    pub(crate) close: Option<Call>,
    pub(crate) request: Option<Call>,
    pub(crate) force: Option<Call>,
    /// What its end means that nobody has requested.
    pub(crate) on_end: Option<End>,
}

/// A name in `after`.
pub(crate) struct After {
    pub(crate) name: Member,
    /// The index of the field, if there is one of that name.
    pub(crate) field: Option<usize>,
}

impl<'a> Model<'a> {
    pub(crate) fn new(written: Written<'a>) -> Self {
        let Written { flavour, input, macro_span, args, fields } = written;
        let names: Vec<Member> = fields.iter().map(|field| field.member.clone()).collect();
        let fields = fields.into_iter().map(|field| Field::new(field, &names)).collect();
        Model { flavour, input, macro_span, args, fields }
    }

    pub(crate) fn ident(&self) -> &Ident {
        &self.input.ident
    }

    /// The name in reports.
    pub(crate) fn name(&self) -> String {
        self.args.name.clone().unwrap_or_else(|| self.ident().unraw().to_string())
    }

    pub(crate) fn shared(&self) -> bool {
        self.args.shared.is_some()
    }

    pub(crate) fn manual(&self) -> bool {
        self.args.manual.is_some()
    }

    pub(crate) fn on_drop(&self) -> Option<Policy> {
        self.args.on_drop.as_ref().map(|(policy, _)| *policy)
    }

    pub(crate) fn guards(&self) -> impl Iterator<Item = (&Field<'a>, Guard)> {
        self.fields.iter().filter_map(|field| match field.role {
            Role::Guard(guard) => Some((field, guard)),
            _ => None,
        })
    }

    /// The fields to stop, in the order of the struct: the order of the spec.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (&Field<'a>, &Step)> {
        self.fields.iter().filter_map(|field| Some((field, field.step()?)))
    }

    pub(crate) fn bystanders(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(|field| matches!(field.role, Role::Bystander))
    }

    /// The indices, among the steps, of those that a step waits for.
    pub(crate) fn steps_before(&self, step: &Step) -> Vec<usize> {
        let is_step = |field: &usize| self.fields[*field].step().is_some();
        let fields = step.after.iter().filter_map(|after| after.field).filter(is_step);
        fields.map(|field| self.fields[..field].iter().filter(|before| before.step().is_some()).count()).collect()
    }

    /// Whether tokens name a type or const parameter, so that what they mean is known at the instantiation only.
    pub(crate) fn is_generic(&self, tokens: &impl ToTokens) -> bool {
        let params: Vec<&Ident> = self.input.generics.params.iter().filter_map(type_or_const_param).collect();
        any_ident(tokens.to_token_stream(), &mut |ident| {
            params.contains(&ident) || (ident == "Self" && !params.is_empty())
        })
    }
}

impl<'a> Field<'a> {
    fn new(written: WrittenField<'a>, names: &[Member]) -> Self {
        let WrittenField { member, ty, args, .. } = written;
        let guard = guard_segment(ty).map(|segment| if is_of_self(segment) { Guard::Typed } else { Guard::Misspelled });
        let Some(args) = args else {
            let role = guard.map_or(Role::Bystander, Role::Guard);
            return Field { member, ty, role, keys: Vec::new() };
        };
        let FieldArgs { keys, after, timeout, with, close, request, force, on_end, skip, guard: marked } = args;
        let role = if marked.is_some() {
            Role::Guard(Guard::Marked)
        } else if skip.is_some() {
            Role::Skipped
        } else if guard.is_some() {
            Role::Guard(Guard::Annotated)
        } else {
            let find = |name: &Member| names.iter().position(|other| member_name(other) == member_name(name));
            let after = after.into_iter().map(|name| After { field: find(&name), name }).collect();
            Role::Step(Box::new(Step { after, timeout, with, close, request, force, on_end }))
        };
        Field { member, ty, role, keys }
    }

    pub(crate) fn name(&self) -> String {
        member_name(&self.member)
    }

    /// How an error calls it.
    pub(crate) fn described(&self) -> String {
        format!("field `{}`", self.name())
    }

    pub(crate) fn step(&self) -> Option<&Step> {
        match &self.role {
            Role::Step(step) => Some(step),
            _ => None,
        }
    }

    /// What an error about the field points at: its name, or the type of a tuple field.
    pub(crate) fn place(&self) -> TokenStream {
        match &self.member {
            Member::Named(ident) => ident.to_token_stream(),
            Member::Unnamed(_) => self.ty.to_token_stream(),
        }
    }

    /// The `T` of a field that is spelled `Option<T>`.
    pub(crate) fn option_of(&self) -> Option<&'a Type> {
        let segment = last_segment(self.ty).filter(|segment| segment.ident == "Option")?;
        only_argument(segment)
    }
}

impl Step {
    /// Whether the user named any of its operations.
    pub(crate) fn is_custom(&self) -> bool {
        self.has_end() || self.request.is_some() || self.force.is_some()
    }

    /// Whether the user named what ends it, so that its type need not have a `Teardown`.
    pub(crate) fn has_end(&self) -> bool {
        self.with.is_some() || self.close.is_some()
    }
}

fn guard_segment(ty: &Type) -> Option<&PathSegment> {
    last_segment(ty).filter(|segment| segment.ident == "ShutdownGuard")
}

fn is_of_self(segment: &PathSegment) -> bool {
    only_argument(segment).and_then(last_segment).is_some_and(|segment| segment.ident == "Self")
}

fn type_or_const_param(param: &GenericParam) -> Option<&Ident> {
    match param {
        GenericParam::Lifetime(_) => None,
        GenericParam::Type(param) => Some(&param.ident),
        GenericParam::Const(param) => Some(&param.ident),
    }
}
