//! The steps of a plan: a field with its type's own operations, or with those that the user named.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{ExprClosure, Member, Pat, Type};

use crate::attr::spans::ends;
use crate::attr::values::Call;
use crate::emit::placed;
use crate::emit::quotes::{Krate, local};
use crate::model::structure::{Field, Model, Step};
use crate::model::types::{has_lifetime, is_arc, is_box_of_dyn, is_lock, is_option};

/// How a step borrows its field.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Borrow {
    Unique,
    Shared,
}

/// The expression that makes the step of one field.
pub(crate) fn step(model: &Model<'_>, field: &Field<'_>, step: &Step, borrow: Borrow, krate: &Krate) -> TokenStream {
    let borrow = passed_as(model, step, borrow);
    // In the place of the type, where an error says that it has no `Teardown`.
    step_of(model, field, step, borrow, &field_ref(model, field, borrow), krate)
}

/// The expression that makes the step of one field of a start. It may be missing, and is moved out where it can be.
pub(crate) fn started_step(model: &Model<'_>, field: &Field<'_>, step: &Step, krate: &Krate) -> TokenStream {
    let (rt, member) = (krate.rt(), &field.member);
    let borrow = passed_as(model, step, Borrow::Unique);
    let place = ends(field.ty).0.resolved_at(Span::mixed_site());
    let field_ref = match borrow {
        Borrow::Unique => quote_spanned!(place=> field),
        Borrow::Shared => quote_spanned!(place=> &*field),
    };
    let step = step_of(model, field, step, borrow, &field_ref, krate);
    let may_outlive = !model.is_generic(field.ty) && !has_lifetime(field.ty.to_token_stream());
    let started = if may_outlive { local!(started) } else { local!(started_here) };
    // In the place of the type, where an error says that it is not `Send`.
    placed::call(local!(#rt::#started), local!(&mut fields.#member, |field| #step), ends(field.ty))
}

/// What the user named for a shared value takes `&T` for every caller.
fn passed_as(model: &Model<'_>, step: &Step, borrow: Borrow) -> Borrow {
    if step.is_custom() && model.shared() { Borrow::Shared } else { borrow }
}

fn step_of(
    model: &Model<'_>,
    field: &Field<'_>,
    step: &Step,
    borrow: Borrow,
    field_ref: &TokenStream,
    krate: &Krate,
) -> TokenStream {
    let rt = krate.rt();
    if !step.is_custom() {
        let constructor = own_constructor(model, field, borrow);
        return local!(#rt::#constructor(#field_ref));
    }
    let constructor = match borrow {
        Borrow::Shared => local!(custom_shared),
        Borrow::Unique if is_detachable(model, field) => local!(custom_option),
        Borrow::Unique => local!(custom),
    };
    let operations = Operations { field, step, borrow, krate };
    let (request, wait, force) = (operations.request(), operations.wait(), operations.force());
    // In the place of the type, where an error says that it is not `Send`.
    placed::call(local!(#rt::Step::#constructor), local!(#field_ref, #request, #wait, #force), ends(field.ty))
}

/// The constructor of a step without operations of its own. They differ in their bounds, and so in what an error says; where
/// the type names a parameter, the bound is one that rustc can tell the user to write.
fn own_constructor(model: &Model<'_>, field: &Field<'_>, borrow: Borrow) -> TokenStream {
    match borrow {
        Borrow::Unique if model.is_generic(field.ty) => local!(Step::new),
        Borrow::Unique if is_arc(field.ty) => local!(counted_resource),
        Borrow::Unique if is_lock(field.ty) => local!(locked_resource),
        Borrow::Unique if is_box_of_dyn(field.ty) => local!(dyn_resource),
        Borrow::Unique => local!(resource),
        Borrow::Shared if model.is_generic(field.ty) => local!(Step::shared),
        Borrow::Shared => local!(shared_resource),
    }
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
        use #rt::{
            ByDebug as _, ByDisplay as _, NoOperations as _, NothingToWaitFor as _, PassValue as _, UnknownWait as _,
        };
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
        let Some(call) = call else {
            // With a `request` alone, senders are in order.
            let operations = match self.step.has_end() {
                false if own.to_string() == "force" => local!(Waiting),
                _ => local!(Operations),
            };
            return local!(|value, progress| #rt::#operations(value).#own(progress));
        };
        let value = Value::of(call, self.borrow);
        let (function, result) = self.call(call, &value);
        let answer = placed::call(local!(#rt::answer), result, place(call));
        let param = value.param;
        let tell = local! {
            if let ::core::result::Result::Err(error) = #answer {
                #rt::ErrorOf(error).tell(progress);
            }
        };
        match function {
            Some(function) => local!(|#param, progress| { #function #tell }),
            None => local!(|#param, progress| #tell),
        }
    }

    fn wait(&self) -> TokenStream {
        let rt = self.krate.rt();
        if let Some(call) = &self.step.close {
            // It has done all when it returns.
            let value = Value::of(call, self.borrow);
            return in_first_poll(call, &value, &local!(#rt::closed), self.call(call, &value));
        }
        let Some(call) = &self.step.with else {
            let place = ends(self.field.ty);
            let waiting = placed::call(local!(#rt::Waiting), local!(value), place);
            let wait = quote_spanned!(place.0=> wait);
            return local!(|value, progress| #waiting.#wait(progress));
        };
        let value = Value::of(call, self.borrow);
        if self.field.option_of().is_none() {
            return in_first_poll(call, &value, &local!(#rt::closing), self.plain_call(call, &value));
        }
        let (callee, param, value) = (self.option_callee(call, &value), &value.param, &value.used);
        let wait = placed::call(local!(#rt::wait_option), local!(#callee, #value, progress), place(call));
        local!(|#param, progress| #wait)
    }

    /// A call with the field, or with what is in it. Before it is a statement, as in [`plain_call`](Self::plain_call).
    fn call(&self, call: &Call, value: &Value) -> (Option<TokenStream>, TokenStream) {
        if self.field.option_of().is_none() {
            return self.plain_call(call, value);
        }
        let rt = self.krate.rt();
        let (callee, value) = (self.option_callee(call, value), &value.used);
        (None, placed::call(local!(#rt::on_option), local!(#callee, #value), place(call)))
    }

    /// A call with the field. A path is called where it stands, so that `&mut T` coerces to `&T`; a closure learns its
    /// parameter's type from a function of ours.
    ///
    /// Before it is a statement with the function, which is named once: rustc would report what is wrong with it twice.
    fn plain_call(&self, call: &Call, value: &Value) -> (Option<TokenStream>, TokenStream) {
        let rt = self.krate.rt();
        let value = &value.used;
        let closure = match call {
            Call::Path(path) => {
                let (first, last) = place(call);
                let arguments = |value| {
                    let mut arguments = Group::new(Delimiter::Parenthesis, value);
                    arguments.set_span(last);
                    arguments
                };
                if self.borrow == Borrow::Shared {
                    let arguments = arguments(value.clone());
                    return (None, quote!(#path #arguments));
                }
                // It may not consume the field.
                let function = quote_spanned!(first=> function);
                let passing = placed::call(local!(#rt::passing), local!(#function, #value), (first, last));
                let pass = quote_spanned!(last=> pass());
                let arguments = arguments(quote_spanned!(first=> #passing.#pass));
                return (Some(local!(let #function = #path;)), quote!(#function #arguments));
            }
            Call::Closure(closure) => closure,
        };
        let by_ref = match Parameter::of(closure) {
            Parameter::Ref | Parameter::WholeRef => true,
            Parameter::Unknown => self.borrow == Borrow::Shared,
            Parameter::Value | Parameter::Mut | Parameter::WholeMut => false,
        };
        let caller = if by_ref { local!(#rt::call_ref) } else { local!(#rt::call_mut) };
        (None, placed::call(caller, local!(#value, #closure), place(call)))
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

/// A `wait` that makes its call in the first poll, in the future that `future` makes of it.
fn in_first_poll(
    call: &Call,
    value: &Value,
    future: &TokenStream,
    (function, call_it): (Option<TokenStream>, TokenStream),
) -> TokenStream {
    let param = &value.param;
    let call_it = quote_spanned!(place(call).0=> move || #call_it);
    let future = placed::call(future.clone(), call_it, place(call));
    let future = placed::call(local!(::std::boxed::Box::pin), future, place(call));
    match function {
        Some(function) => local!(|#param, _| { #function #future }),
        None => local!(|#param, _| #future),
    }
}

/// The parameter in which an operation gets the field, and how it is passed on: `&mut T`, or `&T` where the struct is
/// shared.
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
