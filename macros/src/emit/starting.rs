//! The builder of `starting`: the type says which fields are set, so that one set twice or missing is an error of the
//! compiler. What it holds, and what becomes of that if the start fails, is the runtime's.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Data, DeriveInput, Field, GenericParam, Generics, Ident, Visibility};

use crate::attr::written::StructArgs;
use crate::emit::implementation::allow_deprecated;
use crate::emit::operations;
use crate::emit::quotes::{Krate, local};
use crate::emit::spelled::spelled_out;
use crate::model::structure::Model;

/// The builder, if the struct asks for one.
pub(crate) fn of(model: &Model<'_>, krate: &Krate) -> Option<TokenStream> {
    let rt = krate.rt();
    model.args.starting.as_ref()?;
    let (guard, _) = model.guards().next()?;
    let guard = guard.member.to_token_stream();
    let use_of_operations =
        model.steps().any(|(_, step)| step.is_custom()).then(|| operations::use_of_operations(krate));
    let steps = model.steps().map(|(field, step)| operations::started_step(model, field, step, krate));
    let steps = local! {
        #use_of_operations
        #rt::steps(::std::boxed::Box::new([#(#steps),*]))
    };
    builder(model.input, &guard.to_string(), &steps, krate)
}

/// The builder after an error: as the real one, as far as the types go.
pub(crate) fn after_error(
    input: &DeriveInput,
    args: &StructArgs,
    stub: &TokenStream,
    krate: &Krate,
) -> Option<TokenStream> {
    args.starting.as_ref()?;
    let Data::Struct(data) = &input.data else { return None };
    let is_guard = |field: &&Field| field.ty.to_token_stream().to_string().contains("ShutdownGuard");
    let guard = data.fields.iter().find(is_guard)?.ident.as_ref()?;
    let builder = builder(input, &guard.to_string(), stub, krate)?;
    Some(local!(#[allow(unused, clippy::all, clippy::pedantic)] #builder))
}

fn builder(input: &DeriveInput, guard: &str, steps: &TokenStream, krate: &Krate) -> Option<TokenStream> {
    let Data::Struct(data) = &input.data else { return None };
    let names = &Names::of(input);
    let guard = data.fields.iter().find(|field| field.ident.as_ref().is_some_and(|name| name == guard))?;
    let settable: Option<Vec<Settable<'_>>> = data
        .fields
        .iter()
        .filter(|field| !std::ptr::eq(*field, guard))
        .map(|field| Settable::of(field, names))
        .collect();
    let settable = settable?;
    let generics = with_states(&input.generics, settable.iter().map(|field| &field.state));
    let items = [
        fields_struct(input, names, krate),
        builder_struct(input, names, &settable, &generics, krate),
        settable.iter().map(|field| field.states(&input.vis, krate)).collect(),
        startable(input, names, guard.ident.as_ref()?, steps, krate),
        beginnings(input, names, guard, &settable, krate),
        setters(input, names, &settable, &generics, krate),
    ];
    let deprecated = allow_deprecated(input);
    Some(local! {
        #[doc(hidden)]
        #[allow(dead_code, missing_debug_implementations, unnameable_types, unreachable_pub, single_use_lifetimes)]
        #[allow(non_camel_case_types)]
        #[allow(clippy::future_not_send, clippy::type_complexity, clippy::needless_pass_by_value)]
        #deprecated
        const _: () = {
            #(#items)*
        };
    })
}

/// The types that are made for a struct. They are in a `const`, where nothing else can name them; a name of the user's could
/// only be hidden by them.
struct Names {
    /// The struct, with its arguments.
    this: TokenStream,
    fields: Ident,
    builder: Ident,
}

impl Names {
    fn of(input: &DeriveInput) -> Self {
        let ident = &input.ident;
        let (_, arguments, _) = input.generics.split_for_impl();
        let name = ident.unraw();
        let span = Span::mixed_site();
        Names {
            this: quote!(#ident #arguments),
            fields: format_ident!("__{name}Fields", span = span),
            builder: format_ident!("__{name}Starting", span = span),
        }
    }
}

/// A field that is set by a method.
struct Settable<'a> {
    name: &'a Ident,
    vis: &'a Visibility,
    ty: TokenStream,
    /// The parameter of the builder that says whether it is set.
    state: Ident,
    /// The traits of the two states, whose errors name the field.
    is_unset: Ident,
    is_set: Ident,
}

impl<'a> Settable<'a> {
    fn of(field: &'a Field, names: &Names) -> Option<Self> {
        let name = field.ident.as_ref()?;
        // The name as it is: two that differ in an underscore alone are two fields.
        let (unraw, span) = (name.unraw(), Span::mixed_site());
        Some(Settable {
            name,
            vis: &field.vis,
            ty: spelled_out(field.ty.to_token_stream(), &[], &names.this),
            state: format_ident!("__state_{unraw}", span = span),
            is_unset: format_ident!("__IsUnset_{unraw}", span = span),
            is_set: format_ident!("__IsSet_{unraw}", span = span),
        })
    }

    fn states(&self, vis: &Visibility, krate: &Krate) -> TokenStream {
        let Settable { name, is_unset, is_set, .. } = self;
        let (rt, name) = (krate.rt(), name.unraw());
        let (twice, missing) = (format!("field `{name}` is set twice"), format!("field `{name}` is not set"));
        let (help_twice, help_missing) = ("remove one of the two", format!("call `start.{name}(…)` before `finish`"));
        local! {
            #[diagnostic::on_unimplemented(message = #twice, label = "it was set before", note = #help_twice)]
            #vis trait #is_unset {}
            impl #is_unset for #rt::Unset {}
            #[diagnostic::on_unimplemented(message = #missing, label = "a field is missing", note = #help_missing)]
            #vis trait #is_set {}
            impl #is_set for #rt::Set {}
        }
    }
}

/// The struct's parameters without defaults, then the states.
fn with_states<'a>(generics: &Generics, states: impl Iterator<Item = &'a Ident>) -> Generics {
    let mut generics = without_defaults(generics);
    generics.params.extend(states.map(|state| -> GenericParam { syn::parse_quote!(#state) }));
    generics
}

fn without_defaults(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    for param in &mut generics.params {
        match param {
            GenericParam::Type(param) => param.default = None,
            GenericParam::Const(param) => param.default = None,
            GenericParam::Lifetime(_) => {}
        }
    }
    generics
}

/// The struct's fields, each set or not, with the visibility of the original.
fn fields_struct(input: &DeriveInput, names: &Names, krate: &Krate) -> TokenStream {
    let rt = krate.rt();
    let (name, vis) = (&names.fields, &input.vis);
    let generics = without_defaults(&input.generics);
    let where_clause = &generics.where_clause;
    let fields = fields(input).map(|(field, name)| {
        let (vis, ty) = (&field.vis, spelled_out(field.ty.to_token_stream(), &[], &names.this));
        local!(#vis #name: #rt::Started<#ty>)
    });
    local! {
        /// The fields, as far as they are set.
        #vis struct #name #generics #where_clause {
            #(#fields),*
        }
    }
}

fn builder_struct(
    input: &DeriveInput,
    names: &Names,
    settable: &[Settable<'_>],
    generics: &Generics,
    krate: &Krate,
) -> TokenStream {
    let rt = krate.rt();
    let Names { this, fields, builder } = names;
    let vis = &input.vis;
    let states = settable.iter().map(|field| &field.state);
    let (impl_generics, arguments, where_clause) = generics.split_for_impl();
    let (_, own_arguments, _) = input.generics.split_for_impl();
    local! {
        /// Sets the fields of a value, one after the other. Dropped before it is finished, it shuts down what it has.
        #[must_use = "the next field is set on what this returns; dropped, it shuts down what it has"]
        #vis struct #builder #generics (#rt::Starting<#this>, ::core::marker::PhantomData<fn() -> (#(#states,)*)>) #where_clause;

        impl #impl_generics ::core::ops::Deref for #builder #arguments #where_clause {
            type Target = #fields #own_arguments;

            fn deref(&self) -> &Self::Target {
                self.0.fields()
            }
        }

        impl #impl_generics ::core::ops::DerefMut for #builder #arguments #where_clause {
            fn deref_mut(&mut self) -> &mut Self::Target {
                self.0.fields_mut()
            }
        }
    }
}

fn startable(input: &DeriveInput, names: &Names, guard: &Ident, steps: &TokenStream, krate: &Krate) -> TokenStream {
    let (rt, step, entry, entry_type) = (krate.rt(), krate.step(), krate.entry(), krate.entry_type());
    let Names { this, fields, .. } = names;
    let (impl_generics, arguments, where_clause) = input.generics.split_for_impl();
    local! {
        #[automatically_derived]
        impl #impl_generics #rt::Startable for #this #where_clause {
            type Fields = #fields #arguments;

            fn steps(fields: &mut Self::Fields) -> ::std::vec::Vec<#step<'_>> {
                #steps
            }

            fn entry(fields: &Self::Fields) -> &::std::sync::Arc<#entry_type> {
                #entry::<Self>(&fields.#guard)
            }
        }
    }
}

/// `starting` and `starting_with`, where the guard can be named: who cannot see it cannot make a value either.
fn beginnings(
    input: &DeriveInput,
    names: &Names,
    guard: &Field,
    settable: &[Settable<'_>],
    krate: &Krate,
) -> TokenStream {
    let rt = krate.rt();
    let error = krate.start_error();
    let Names { this, fields, builder } = names;
    let (impl_generics, ..) = input.generics.split_for_impl();
    let where_clause = &input.generics.where_clause;
    let vis = &guard.vis;
    let type_name = input.ident.unraw().to_string();
    let builder_path = builder;
    let builder = builder_of(input, builder, settable.iter().map(|_| local!(#rt::Unset)));
    let unset = self::fields(input).map(|(field, name)| {
        let path = format!("{type_name}.{}", name.unraw());
        let made = if std::ptr::eq(field, guard) { local!(guard) } else { local!(unset) };
        local!(#name: #rt::Started::#made(#path))
    });
    local! {
        impl #impl_generics #this #where_clause {
            /// Begins the start of a value: each field is set by a method of its name, in any order, and `finish` makes
            /// the value. What is set can be used: `start.store.clone()`.
            ///
            /// Dropped before it is finished, as by a `?`, it shuts down what it has, in the order and within the budget
            /// of the value: on a background thread, or here, if `on_drop = "wait"` and this thread may wait.
            #[track_caller]
            #vis fn starting() -> #builder {
                let fields = #fields { #(#unset),* };
                #builder_path(#rt::Starting::new(fields), ::core::marker::PhantomData)
            }

            /// Starts a value by `f`, which gets what [`starting`](Self::starting) returns. If `f` fails, this shuts down
            /// what it has set by then, and waits for it.
            ///
            /// # Errors
            ///
            /// The error of `f`, with the report of the shutdown.
            ///
            /// # Panics
            ///
            /// A panic of `f` continues after the shutdown.
            ///
            /// # Cancel safety
            ///
            /// If the future is dropped half-way, so is the start: see [`starting`](Self::starting).
            #[track_caller]
            #vis fn starting_with<__F, __E>(
                f: __F,
            ) -> impl ::core::future::Future<Output = ::core::result::Result<Self, #error>>
            where
                __F: ::core::ops::AsyncFnOnce(#builder) -> ::core::result::Result<Self, __E>,
                __E: ::core::convert::Into<::std::boxed::Box<dyn ::core::error::Error + ::core::marker::Send + ::core::marker::Sync>>,
            {
                let mut start = Self::starting();
                #rt::starting_with(start.0.home(), start, f)
            }
        }
    }
}

/// A method for each field, and `finish`.
fn setters(
    input: &DeriveInput,
    names: &Names,
    settable: &[Settable<'_>],
    generics: &Generics,
    krate: &Krate,
) -> TokenStream {
    let rt = krate.rt();
    let Names { this, builder, .. } = names;
    let (impl_generics, arguments, where_clause) = generics.split_for_impl();
    let methods = settable.iter().map(|field| {
        let Settable { name, vis, ty, state, is_unset, .. } = field;
        let states = settable.iter().map(|other| match std::ptr::eq(other, field) {
            true => local!(#rt::Set),
            false => other.state.to_token_stream(),
        });
        let set = builder_of(input, builder, states);
        let doc = format!(" Sets the field `{}`, once.", name.unraw());
        local! {
            #[doc = #doc]
            #vis fn #name(mut self, value: #ty) -> #set
            where
                #state: #is_unset,
            {
                #rt::Started::set(&mut self.0.fields_mut().#name, value);
                #builder(self.0, ::core::marker::PhantomData)
            }
        }
    });
    let ident = &input.ident;
    let vis = &input.vis;
    let bounds = settable.iter().map(|Settable { state, is_set, .. }| local!(#state: #is_set));
    let values = fields(input).map(|(_, name)| local!(#name: #rt::Started::into_inner(fields.#name)));
    // A field of that name is an error, reported by the checks.
    let finish = settable.iter().all(|field| field.name != "finish").then(|| {
        local! {
            /// Makes the value. Nothing may fail after it: the value is one that must be shut down.
            #vis fn finish(self) -> #this
            where
                #(#bounds),*
            {
                let fields = self.0.finish();
                #ident { #(#values),* }
            }
        }
    });
    local! {
        impl #impl_generics #builder #arguments #where_clause {
            #(#methods)*

            #finish
        }
    }
}

/// The type of the builder, in these states.
fn builder_of(input: &DeriveInput, builder: &Ident, states: impl Iterator<Item = TokenStream>) -> TokenStream {
    let own = input.generics.params.iter().map(|param| match param {
        GenericParam::Lifetime(param) => param.lifetime.to_token_stream(),
        GenericParam::Type(param) => param.ident.to_token_stream(),
        GenericParam::Const(param) => param.ident.to_token_stream(),
    });
    let arguments = own.chain(states);
    local!(#builder<#(#arguments),*>)
}

fn fields(input: &DeriveInput) -> impl Iterator<Item = (&Field, &Ident)> {
    let fields = match &input.data {
        Data::Struct(data) => Some(data.fields.iter()),
        Data::Enum(_) | Data::Union(_) => None,
    };
    fields.into_iter().flatten().filter_map(|field| Some((field, field.ident.as_ref()?)))
}
