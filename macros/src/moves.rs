//! The steps of a plan: a field with its type's own moves, or with those that the user named.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{ExprClosure, Member, Pat, Type};

use crate::model::{Field, Model, Step, has_lifetime, is_option};
use crate::parse::Call;
use crate::quotes::{Krate, local};
use crate::spans::{self, ends, local_at};

/// How a step borrows its field.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Borrow {
    Unique,
    Shared,
}

/// The expression that makes the step of one field.
pub(crate) fn step(model: &Model<'_>, field: &Field<'_>, step: &Step, borrow: Borrow, krate: &Krate) -> TokenStream {
    let rt = krate.rt();
    // In the place of the type, where an error says that it has no `Teardown`.
    let field_ref = field_ref(field, borrow);
    if !step.is_custom() {
        return match borrow {
            Borrow::Unique => local!(#rt::Step::new(#field_ref)),
            Borrow::Shared => local!(#rt::Step::shared(#field_ref)),
        };
    }
    let constructor = match borrow {
        Borrow::Shared => local!(custom_shared),
        Borrow::Unique if is_detachable(model, field) => local!(custom_option),
        Borrow::Unique => local!(custom),
    };
    let moves = Moves { field, step, borrow, krate };
    let (ask, wait, force) = (moves.ask(), moves.wait(), moves.force());
    local!(#rt::Step::#constructor(#field_ref, #ask, #wait, #force))
}

/// The statement that asks a step through `&self`, for `request_shutdown`; none if that can be ruled out.
pub(crate) fn ask_by_ref(field: &Field<'_>, step: &Step, shared: bool, krate: &Krate) -> Option<TokenStream> {
    let rt = krate.rt();
    let member = &field.member;
    let with = if field.option_of().is_some() { local!(AskOptionWith) } else { local!(AskWith) };
    Some(match &step.ask {
        None => local!(#rt::AskByRef(&self.#member).ask();),
        Some(Call::Path(path)) => local!(#rt::#with(#path, &self.#member).ask();),
        Some(Call::Closure(closure)) => {
            let taking = match (Parameter::of(closure), field.option_of()) {
                (Parameter::Ref, Some(_)) => local!(taking_ref),
                (Parameter::Unknown, Some(_)) if shared => local!(taking_ref),
                (Parameter::Ref, None) => local!(borrowing),
                (Parameter::Unknown, None) if shared => local!(borrowing),
                _ => return None,
            };
            local!(#rt::#with(#rt::#taking(&self.#member, #closure), &self.#member).ask();)
        }
    })
}

/// `&mut self.field`, in the place of the field's type.
pub(crate) fn field_ref(field: &Field<'_>, borrow: Borrow) -> TokenStream {
    let (first, last) = ends(field.ty);
    let mut member = field.member.clone();
    match &mut member {
        Member::Named(ident) => ident.set_span(ident.span().located_at(last)),
        Member::Unnamed(index) => index.span = last,
    }
    let and = quote_spanned!(first=> &);
    match borrow {
        Borrow::Unique => local!(#and mut self.#member),
        Borrow::Shared => local!(#and self.#member),
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
        match &*pat.ty {
            Type::Infer(_) => Parameter::Unknown,
            Type::Reference(reference) => match (reference.mutability.is_some(), is_option(&reference.elem)) {
                (false, false) => Parameter::Ref,
                (true, false) => Parameter::Mut,
                (false, true) => Parameter::WholeRef,
                (true, true) => Parameter::WholeMut,
            },
            _ => Parameter::Value,
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
        let result = if self.field.option_of().is_some() {
            let (callee, value) = (self.option_callee(call), self.value(call));
            spans::call(local!(#rt::on_option), local!(#callee, #value), place(call))
        } else {
            self.plain_call(call)
        };
        local! {
            |value, memo| if let ::core::result::Result::Err(error) = #rt::answer(#result) {
                #rt::Said(error).tell(memo);
            }
        }
    }

    fn wait(&self) -> TokenStream {
        let rt = self.krate.rt();
        let Some(call) = &self.step.with else {
            let teardown = self.krate.teardown();
            let value = quote_spanned!(local_at(ends(self.field.ty).0)=> value);
            return local!(|value, memo| #teardown::wait(#value, memo));
        };
        if self.field.option_of().is_some() {
            let (callee, value) = (self.option_callee(call), self.value(call));
            return local!(|value, memo| #rt::wait_option(#callee, #value, memo));
        }
        let future = self.plain_call(call);
        let future = local!(async move { #rt::closing(#future).await });
        let future = spans::call(local!(::std::boxed::Box::pin), future, place(call));
        local!(|value, _| #future)
    }

    /// What the user's function is called with: `&mut T`, or `&T` where the struct is shared.
    fn value(&self, call: &Call) -> TokenStream {
        let span = local_at(place(call).0);
        match self.borrow {
            Borrow::Unique => quote_spanned!(span=> value),
            Borrow::Shared => quote_spanned!(span=> *value),
        }
    }

    /// A call with the field. A path is called where it stands, so that `&mut T` coerces to `&T`; a closure learns its
    /// parameter's type from a function of ours.
    fn plain_call(&self, call: &Call) -> TokenStream {
        let rt = self.krate.rt();
        let value = self.value(call);
        let closure = match call {
            Call::Path(path) => return spans::call(path.to_token_stream(), value, place(call)),
            Call::Closure(closure) => closure,
        };
        let by_ref = match Parameter::of(closure) {
            Parameter::Ref | Parameter::WholeRef => true,
            Parameter::Unknown => self.borrow == Borrow::Shared,
            Parameter::Value | Parameter::Mut | Parameter::WholeMut => false,
        };
        let caller = if by_ref { local!(#rt::call_ref) } else { local!(#rt::call_mut) };
        spans::call(caller, local!(#value, #closure), place(call))
    }

    /// What is passed on for a field spelled `Option<T>`.
    fn option_callee(&self, call: &Call) -> TokenStream {
        let rt = self.krate.rt();
        let value = self.value(call);
        let closure = match call {
            Call::Path(path) => return path.to_token_stream(),
            Call::Closure(closure) => closure,
        };
        let taking = match Parameter::of(closure) {
            Parameter::WholeMut => local!(taking_whole),
            Parameter::WholeRef => local!(taking_whole_ref),
            Parameter::Mut => local!(taking_mut),
            Parameter::Ref => local!(taking_ref),
            Parameter::Unknown if self.borrow == Borrow::Shared => local!(taking_ref),
            Parameter::Value | Parameter::Unknown => local!(taking),
        };
        spans::call(local!(#rt::#taking), local!(#value, #closure), place(call))
    }
}

/// Where an error in a call points.
fn place(call: &Call) -> (Span, Span) {
    match call {
        Call::Path(path) => ends(path),
        Call::Closure(closure) => ends(closure),
    }
}
