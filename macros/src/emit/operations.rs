//! The steps of a plan: a field with its type's own operations, or with those that the user named.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{ExprClosure, Member, Pat, Type};

use crate::attr::spans::ends;
use crate::attr::values::Call;
use crate::emit::placed;
use crate::emit::quotes::{Krate, local};
use crate::model::structure::{Field, Model, Step};
use crate::model::types::{has_lifetime, is_option};

/// How a step borrows its field.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Borrow {
    Unique,
    Shared,
}

/// The expression that makes the step of one field.
pub(crate) fn step(model: &Model<'_>, field: &Field<'_>, step: &Step, borrow: Borrow, krate: &Krate) -> TokenStream {
    let rt = krate.rt();
    // What the user named for a shared value takes `&T` for every caller.
    let borrow = if step.is_custom() && model.shared() { Borrow::Shared } else { borrow };
    // In the place of the type, where an error says that it has no `Teardown`.
    let field_ref = field_ref(model, field, borrow);
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
    let operations = Operations { field, step, borrow, krate };
    let (request, wait, force) = (operations.request(), operations.wait(), operations.force());
    local!(#rt::Step::#constructor(#field_ref, #request, #wait, #force))
}

/// The expression that makes the clone of one field of a Python class.
pub(crate) fn resource_handle(model: &Model<'_>, field: &Field<'_>, step: &Step, krate: &Krate) -> TokenStream {
    let field_ref = field_ref(model, field, Borrow::Shared);
    let place = ends(field.ty);
    if !step.is_custom() {
        return placed::call(krate.python().resource_handle(), field_ref, place);
    }
    let operations = Operations { field, step, borrow: Borrow::Unique, krate };
    let (request, wait, force) = (operations.request(), operations.wait(), operations.force());
    placed::call(krate.python().resource_handle_with(), local!(#field_ref, #request, #wait, #force), place)
}

/// The traits through which a type without operations of its own gets them.
pub(crate) fn use_of_operations(krate: &Krate) -> TokenStream {
    let rt = krate.rt();
    local! {
        #[allow(unused_imports)]
        use #rt::{NoOperations as _, ByDebug as _, ByDisplay as _};
    }
}

/// The statement that asks a step through `&self`, for `request_shutdown`; none if that can be ruled out.
pub(crate) fn request_by_ref(field: &Field<'_>, step: &Step, shared: bool, krate: &Krate) -> Option<TokenStream> {
    let rt = krate.rt();
    let member = &field.member;
    let with = if field.option_of().is_some() { local!(RequestOptionWith) } else { local!(RequestWith) };
    Some(match &step.request {
        None => local!(#rt::RequestByRef(&self.#member).request();),
        Some(Call::Path(path)) => local!(#rt::#with(#path, &self.#member).request();),
        Some(Call::Closure(closure)) => {
            let taking = match (Parameter::of(closure), field.option_of()) {
                (Parameter::Ref, Some(_)) => local!(taking_ref),
                (Parameter::Unknown, Some(_)) if shared => local!(taking_ref),
                (Parameter::Ref, None) => local!(borrowing),
                (Parameter::Unknown, None) if shared => local!(borrowing),
                _ => return None,
            };
            local!(#rt::#with(#rt::#taking(&self.#member, #closure), &self.#member).request();)
        }
    })
}

/// `&mut self.field`, in the place of the field's type. The `self` is that of [`receiver`].
pub(crate) fn field_ref(model: &Model<'_>, field: &Field<'_>, borrow: Borrow) -> TokenStream {
    let (first, last) = ends(field.ty);
    let mut member = field.member.clone();
    match &mut member {
        Member::Named(ident) => ident.set_span(ident.span().located_at(last)),
        Member::Unnamed(index) => index.span = last,
    }
    let span = first.resolved_at(model.ident().span());
    match borrow {
        Borrow::Unique => quote_spanned!(span=> &mut self.#member),
        Borrow::Shared => quote_spanned!(span=> &self.#member),
    }
}

/// The `&self` of a method with field references in it. It is resolved as the struct's name and not as our other names:
/// a range of the user's code cannot have a token of ours in it.
pub(crate) fn receiver(model: &Model<'_>, borrow: Borrow) -> TokenStream {
    let span = model.ident().span();
    match borrow {
        Borrow::Unique => quote_spanned!(span=> &mut self),
        Borrow::Shared => quote_spanned!(span=> &self),
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
struct Operations<'m, 'a> {
    field: &'m Field<'a>,
    step: &'m Step,
    borrow: Borrow,
    krate: &'m Krate,
}

impl Operations<'_, '_> {
    fn request(&self) -> TokenStream {
        self.instant(self.step.request.as_ref(), &local!(request))
    }

    fn force(&self) -> TokenStream {
        self.instant(self.step.force.as_ref(), &local!(force))
    }

    fn instant(&self, call: Option<&Call>, own: &TokenStream) -> TokenStream {
        let rt = self.krate.rt();
        let Some(call) = call else { return local!(|value, progress| #rt::Operations(value).#own(progress)) };
        let value = Value::of(call, self.borrow);
        let result = match self.field.option_of() {
            Some(_) => {
                let (callee, value) = (self.option_callee(call, &value), &value.used);
                placed::call(local!(#rt::on_option), local!(#callee, #value), place(call))
            }
            None => self.plain_call(call, &value),
        };
        let answer = placed::call(local!(#rt::answer), result, place(call));
        let param = value.param;
        local! {
            |#param, progress| if let ::core::result::Result::Err(error) = #answer {
                #rt::ErrorOf(error).tell(progress);
            }
        }
    }

    fn wait(&self) -> TokenStream {
        let rt = self.krate.rt();
        let Some(call) = &self.step.with else {
            let (teardown, place) = (self.krate.teardown(), ends(self.field.ty));
            let value = quote_spanned!(place.0=> value);
            let wait = placed::call(local!(#teardown::wait), local!(#value, progress), place);
            return local!(|#value, progress| #wait);
        };
        let value = Value::of(call, self.borrow);
        let param = &value.param;
        if self.field.option_of().is_some() {
            let (callee, value) = (self.option_callee(call, &value), &value.used);
            let wait = placed::call(local!(#rt::wait_option), local!(#callee, #value, progress), place(call));
            return local!(|#param, progress| #wait);
        }
        let call_it = self.plain_call(call, &value);
        let future = placed::call(local!(#rt::closing), quote_spanned!(place(call).0=> move || #call_it), place(call));
        let future = placed::call(local!(::std::boxed::Box::pin), future, place(call));
        local!(|#param, _| #future)
    }

    /// A call with the field. A path is called where it stands, so that `&mut T` coerces to `&T`; a closure learns its
    /// parameter's type from a function of ours.
    fn plain_call(&self, call: &Call, value: &Value) -> TokenStream {
        let rt = self.krate.rt();
        let value = &value.used;
        let closure = match call {
            Call::Path(path) => {
                let mut arguments = Group::new(Delimiter::Parenthesis, value.clone());
                arguments.set_span(place(call).1);
                return quote!(#path #arguments);
            }
            Call::Closure(closure) => closure,
        };
        let by_ref = match Parameter::of(closure) {
            Parameter::Ref | Parameter::WholeRef => true,
            Parameter::Unknown => self.borrow == Borrow::Shared,
            Parameter::Value | Parameter::Mut | Parameter::WholeMut => false,
        };
        let caller = if by_ref { local!(#rt::call_ref) } else { local!(#rt::call_mut) };
        placed::call(caller, local!(#value, #closure), place(call))
    }

    /// What is passed on for a field spelled `Option<T>`.
    fn option_callee(&self, call: &Call, value: &Value) -> TokenStream {
        let rt = self.krate.rt();
        let value = &value.used;
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
        placed::call(local!(#rt::#taking), local!(#value, #closure), place(call))
    }
}

/// The parameter in which an operation gets the field, and how it is passed on: `&mut T`, or `&T` where the struct is shared.
struct Value {
    param: TokenStream,
    used: TokenStream,
}

impl Value {
    /// For a path in the user's place, where an error says that its parameter does not fit; for a closure out of the
    /// sight of what is in it.
    fn of(call: &Call, borrow: Borrow) -> Self {
        let (param, span) = match call {
            Call::Path(_) => (quote_spanned!(place(call).0=> value), place(call).0),
            Call::Closure(_) => (local!(value), Span::mixed_site()),
        };
        let used = match borrow {
            Borrow::Unique => quote_spanned!(span=> value),
            Borrow::Shared => quote_spanned!(span=> *value),
        };
        Value { param, used }
    }
}

/// Where an error in a call points.
fn place(call: &Call) -> (Span, Span) {
    match call {
        Call::Path(path) => ends(path),
        Call::Closure(closure) => ends(closure),
    }
}
