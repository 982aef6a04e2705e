//! The steps of a plan: a field with its type's own moves, or with those that the user named.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{ExprClosure, Member, Pat, Type};

use crate::model::{Field, Model, Step, has_lifetime};
use crate::parse::Call;
use crate::quotes::{Krate, local};
use crate::spans::{ends, local_at};

/// How a step borrows its field.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Borrow {
    Unique,
    Shared,
}

/// The expression that makes the step of one field.
pub(crate) fn step(model: &Model<'_>, field: &Field<'_>, step: &Step, borrow: Borrow, krate: &Krate) -> TokenStream {
    let rt = krate.rt();
    if !step.is_custom() {
        return own_step(field, borrow, krate);
    }
    let constructor = match borrow {
        Borrow::Shared => local!(custom_shared),
        Borrow::Unique if is_detachable(model, field) => local!(custom_option),
        Borrow::Unique => local!(custom),
    };
    let field_ref = field_ref(&field.member, borrow, Span::mixed_site(), Span::mixed_site());
    let moves = Moves { field, step, borrow, krate };
    let (ask, wait, force) = (moves.ask(), moves.wait(), moves.force());
    local!(#rt::Step::#constructor(#field_ref, #ask, #wait, #force))
}

/// The statement that asks a step through `&self`, for `request_shutdown`; none if that can be ruled out.
pub(crate) fn ask_by_ref(field: &Field<'_>, step: &Step, shared: bool, krate: &Krate) -> Option<TokenStream> {
    let rt = krate.rt();
    let field_ref = field_ref(&field.member, Borrow::Shared, Span::mixed_site(), Span::mixed_site());
    let with = if field.option_of().is_some() { local!(AskOptionWith) } else { local!(AskWith) };
    Some(match &step.ask {
        None => local!(#rt::AskByRef(#field_ref).ask();),
        Some(Call::Path(path)) => local!(#rt::#with(#path, #field_ref).ask();),
        Some(Call::Closure(closure)) => {
            let taking = match (Parameter::of(closure), shared) {
                (Parameter::WholeRef, _) => return None,
                (Parameter::Ref, _) | (Parameter::Unknown, true) => match field.option_of() {
                    Some(_) => local!(taking_ref),
                    None => local!(borrowing),
                },
                _ => return None,
            };
            local!(#rt::#with(#rt::#taking(#field_ref, #closure), #field_ref).ask();)
        }
    })
}

/// A field that makes its type's own moves. Where the type has none, the error points at the type.
fn own_step(field: &Field<'_>, borrow: Borrow, krate: &Krate) -> TokenStream {
    let rt = krate.rt();
    let (first, last) = ends(field.ty);
    let field_ref = field_ref(&field.member, borrow, local_at(first), local_at(last));
    let constructor = match borrow {
        Borrow::Unique => local!(new),
        Borrow::Shared => local!(shared),
    };
    local!(#rt::Step::#constructor(#field_ref))
}

/// `&mut self.field`, as if it stood at a place.
fn field_ref(member: &Member, borrow: Borrow, first: Span, last: Span) -> TokenStream {
    let mut member = member.clone();
    match &mut member {
        Member::Named(ident) => ident.set_span(ident.span().located_at(last)),
        Member::Unnamed(index) => index.span = last,
    }
    match borrow {
        Borrow::Unique => quote_spanned!(first=> &mut self.#member),
        Borrow::Shared => quote_spanned!(first=> &self.#member),
    }
}

/// Whether what is in the field can be moved to the reaper thread: it may outlive the value, for certain.
fn is_detachable(model: &Model<'_>, field: &Field<'_>) -> bool {
    field.option_of().is_some_and(|ty| !model.is_generic(ty) && !has_lifetime(ty.to_token_stream()))
}

/// What a closure says that it takes.
#[derive(Clone, Copy, PartialEq)]
enum Parameter {
    Value,
    Ref,
    Mut,
    WholeRef,
    WholeMut,
    Unknown,
}

impl Parameter {
    fn of(closure: &ExprClosure) -> Self {
        let Some(Pat::Type(pat)) = closure.inputs.first() else { return Parameter::Unknown };
        let Type::Reference(reference) = &*pat.ty else {
            return if matches!(&*pat.ty, Type::Infer(_)) { Parameter::Unknown } else { Parameter::Value };
        };
        match (reference.mutability.is_some(), crate::model::is_option(&reference.elem)) {
            (false, false) => Parameter::Ref,
            (true, false) => Parameter::Mut,
            (false, true) => Parameter::WholeRef,
            (true, true) => Parameter::WholeMut,
        }
    }
}

/// The three function pointers of a custom step.
struct Moves<'m, 'a> {
    field: &'m Field<'a>,
    step: &'m Step,
    borrow: Borrow,
    krate: &'m Krate,
}

impl Moves<'_, '_> {
    fn ask(&self) -> TokenStream {
        self.instant(self.step.ask.as_ref(), &local!(request))
    }

    fn force(&self) -> TokenStream {
        self.instant(self.step.force.as_ref(), &local!(force))
    }

    fn instant(&self, call: Option<&Call>, own: &TokenStream) -> TokenStream {
        let rt = self.krate.rt();
        let Some(call) = call else { return local!(|value, memo| #rt::Moves(value).#own(memo)) };
        let rt_there = self.krate.rt_at(call_span(call));
        let result = if self.field.option_of().is_some() {
            let (callee, value) = (self.option_callee(call), self.value(call_span(call)));
            quote_spanned!(call_span(call)=> #rt_there::on_option(#callee, #value))
        } else {
            self.plain_call(call)
        };
        let result = quote_spanned!(call_span(call)=> #rt_there::answer(#result));
        local! {
            |value, memo| if let ::core::result::Result::Err(error) = #result {
                #rt::Said(error).tell(memo);
            }
        }
    }

    fn wait(&self) -> TokenStream {
        let Some(call) = &self.step.with else {
            let teardown = self.krate.teardown();
            let value = quote_spanned!(local_at(ends(self.field.ty).0)=> value);
            return local!(|value, memo| #teardown::wait(#value, memo));
        };
        let span = call_span(call);
        let rt = self.krate.rt_at(span);
        if self.field.option_of().is_some() {
            let (callee, value) = (self.option_callee(call), self.value(span));
            let wait = quote_spanned!(span=> #rt::wait_option(#callee, #value, memo));
            return local!(|value, memo| #wait);
        }
        let call = self.plain_call(call);
        let future = quote_spanned!(span=> async move { #rt::closing(#call).await });
        local!(|value, _| ::std::boxed::Box::pin(#future))
    }

    /// What the user's function is called with: `&mut T`, or `&T` where the struct is shared.
    fn value(&self, span: Span) -> TokenStream {
        match self.borrow {
            Borrow::Unique => quote_spanned!(span=> value),
            Borrow::Shared => quote_spanned!(span=> *value),
        }
    }

    /// A call with the field. A path is called where it stands, so that `&mut T` coerces to `&T`; a closure learns its
    /// parameter's type from a function of ours.
    fn plain_call(&self, call: &Call) -> TokenStream {
        let value = self.value(call_span(call));
        let rt = self.krate.rt();
        match call {
            Call::Path(path) => quote_spanned!(call_span(call)=> #path(#value)),
            Call::Closure(closure) => match (Parameter::of(closure), self.borrow) {
                (Parameter::Ref | Parameter::WholeRef, _) | (Parameter::Unknown, Borrow::Shared) => {
                    local!(#rt::call_ref(#value, #closure))
                }
                _ => local!(#rt::call_mut(#value, #closure)),
            },
        }
    }

    /// What is passed on for a field spelled `Option<T>`.
    fn option_callee(&self, call: &Call) -> TokenStream {
        let rt = self.krate.rt();
        let value = self.value(call_span(call));
        let closure = match call {
            Call::Path(path) => return path.to_token_stream(),
            Call::Closure(closure) => closure,
        };
        let taking = match (Parameter::of(closure), self.borrow) {
            (Parameter::WholeMut, _) => local!(taking_whole),
            (Parameter::WholeRef, _) => local!(taking_whole_ref),
            (Parameter::Ref, _) | (Parameter::Unknown, Borrow::Shared) => local!(taking_ref),
            (Parameter::Mut, _) => local!(taking_mut),
            (Parameter::Value | Parameter::Unknown, _) => local!(taking),
        };
        local!(#rt::#taking(#value, #closure))
    }
}

/// Where an error in a call points.
fn call_span(call: &Call) -> Span {
    local_at(match call {
        Call::Path(path) => ends(path).0,
        Call::Closure(closure) => ends(closure).0,
    })
}
