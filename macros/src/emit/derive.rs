//! From a struct to its impls: parse, model, check, expand.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};
use syn::{DeriveInput, Path, Type};

use crate::attr::errors::Errors;
use crate::attr::flavour::Flavour;
use crate::attr::item::last_is;
use crate::attr::values::{End, Policy, Timeout};
use crate::attr::written;
use crate::emit::forgotten;
use crate::emit::implementation::{allowances, implement, implement_hidden};
use crate::emit::methods::{Bodies, methods};
use crate::emit::operations::{self, Borrow};
use crate::emit::python::class;
use crate::emit::quotes::{Host, Krate, local};
use crate::emit::starting;
use crate::emit::stubs;
use crate::model::check;
use crate::model::item;
use crate::model::structure::{Field, Model, Step};

/// Expands a derive of ours. After an error, to the errors and to stubs.
pub(crate) fn derive(host: Host, flavour: Flavour, input: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    if let Some(attribute) = annotated_too(flavour, &input) {
        // The attribute's own derive expands the rest.
        let mut errors = Errors::default();
        errors.push(item::derived_twice(Flavour::MustShutdown, attribute));
        return quote!(#errors);
    }
    try_expand(host, flavour, &input).unwrap_or_else(|errors| {
        let args = written::read(flavour, &input, &mut Errors::default()).args;
        let stubs = stubs::stubs(host, flavour, &input, &args);
        quote!(#errors #stubs)
    })
}

/// The `#[must_shutdown]` below a `#[derive(Teardown)]`.
fn annotated_too(flavour: Flavour, input: &DeriveInput) -> Option<&Path> {
    let paths = input.attrs.iter().map(syn::Attribute::path);
    paths.into_iter().find(|path| flavour == Flavour::Teardown && last_is(path, "must_shutdown"))
}

fn try_expand(host: Host, flavour: Flavour, input: &DeriveInput) -> Result<TokenStream, Errors> {
    let mut errors = Errors::default();
    let written = written::read(flavour, input, &mut errors);
    if !matches!(input.data, syn::Data::Struct(_)) {
        errors.propagate()?;
    }
    let model = Model::new(written);
    check::all(&model, &mut errors);
    errors.propagate()?;
    Ok(expand(host, &model))
}

/// Never fails: the checks refuse what could.
fn expand(host: Host, model: &Model<'_>) -> TokenStream {
    let krate = &Krate::new(host, model.args.krate.as_ref());
    let mut items = forgotten::here(model, krate);
    if model.flavour.is_guarded() {
        items.extend(guarded(model, krate));
    }
    if model.flavour == Flavour::PyClass {
        items.extend(class::class(model, krate));
        return items;
    }
    if !model.manual() {
        items.extend(annotated(model, krate));
        items.extend(teardown(model, krate));
        if model.flavour == Flavour::MustShutdown {
            items.extend(drop_and_methods(model, krate));
            items.extend(starting::of(model, krate));
        }
    }
    items
}

fn guarded(model: &Model<'_>, krate: &Krate) -> TokenStream {
    let (spec_type, spec) = (krate.spec(), spec(model, krate));
    let guarded = implement_hidden(model, krate.guarded(), local!(const SPEC: &'static #spec_type = #spec;));
    let by_hand = model.manual().then(|| implement_hidden(model, krate.by_hand(), TokenStream::new()));
    quote!(#guarded #by_hand)
}

/// What the runtime must know of the type: data, and no code.
fn spec(model: &Model<'_>, krate: &Krate) -> TokenStream {
    let (rt, spec_type) = (krate.rt(), krate.spec());
    let name = model.name();
    let is_written = model.args.timeout.is_some();
    let timeout = model.args.timeout.as_ref().map_or_else(|| millis(check::DEFAULT_TIMEOUT), duration);
    let on_drop = option(model.on_drop().map(|policy| {
        krate.on_drop(match policy {
            Policy::Panic => local!(Panic),
            Policy::Log => local!(Log),
            Policy::Wait => local!(Wait),
        })
    }));
    let manual = model.manual();
    let steps = model.steps().map(|(field, step)| {
        let name = format!("{name}.{}", field.name());
        let after = model.steps_before(step).into_iter().map(Literal::usize_unsuffixed);
        let timeout = option(step.timeout.as_ref().map(duration));
        let judges = outputs(model, field, step).into_iter().map(|ty| local!(<#rt::OutputOf<#ty>>::JUDGE));
        local!(#rt::StepSpec { name: #name, after: &[#(#after),*], timeout: #timeout, judges: &[#(#judges),*] })
    });
    let spec = local! {
        &#spec_type {
            name: #name,
            timeout: #timeout,
            is_timeout_written: #is_written,
            on_drop: #on_drop,
            manual: #manual,
            steps: &[#(#steps),*],
        }
    };
    let assertions = forgotten::at_instantiation(model, krate);
    let use_of_outputs = model.steps().any(|(field, step)| !outputs(model, field, step).is_empty()).then(|| {
        local! {
            #[allow(unused_imports)]
            use #rt::NoOutput as _;
        }
    });
    if assertions.is_empty() && use_of_outputs.is_none() { spec } else { local!({ #use_of_outputs #assertions #spec }) }
}

/// The types that may return something, of a step that waits in its type's own way. A tuple's parts may differ.
fn outputs<'a>(model: &Model<'a>, field: &Field<'a>, step: &Step) -> Vec<&'a Type> {
    fn parts(ty: &Type) -> Vec<&Type> {
        match ty {
            Type::Tuple(tuple) => tuple.elems.iter().flat_map(parts).collect(),
            Type::Paren(paren) => parts(&paren.elem),
            Type::Group(group) => parts(&group.elem),
            _ => vec![ty],
        }
    }
    if step.has_end() || model.manual() || model.flavour == Flavour::PyClass { Vec::new() } else { parts(field.ty) }
}

/// What the ends of the steps mean, where the user has said it.
fn on_end(model: &Model<'_>, krate: &Krate) -> Option<TokenStream> {
    let rt = krate.rt();
    let said: Vec<_> = model
        .steps()
        .enumerate()
        .filter_map(|(index, (_, step))| {
            let index = Literal::usize_unsuffixed(index);
            let end = match step.on_end? {
                End::Fail => local!(Fail),
                End::Stop => local!(Stop),
                End::Ignore => local!(Ignore),
            };
            Some(local!((#index, #rt::OnEnd::#end)))
        })
        .collect();
    (!said.is_empty()).then(|| local!(const ON_END: &'static [(usize, #rt::OnEnd)] = &[#(#said),*];))
}

fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => local!(::core::option::Option::Some(#value)),
        None => local!(::core::option::Option::None),
    }
}

fn duration(timeout: &Timeout) -> TokenStream {
    match timeout {
        Timeout::Literal(duration, _) => millis(*duration),
        Timeout::Const(path) => path.to_token_stream(),
    }
}

fn millis(duration: std::time::Duration) -> TokenStream {
    let millis = Literal::u64_unsuffixed(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    local!(::core::time::Duration::from_millis(#millis))
}

fn annotated(model: &Model<'_>, krate: &Krate) -> TokenStream {
    let (rt, guarded, step) = (krate.rt(), krate.guarded(), krate.step());
    let (request_roots, entry, spec_type, entry_type) =
        (krate.request_roots(), krate.entry(), krate.spec(), krate.entry_type());
    let (spec, entry) = match model.guards().next() {
        Some((guard, _)) => {
            let guard = operations::field_ref(model, guard, Borrow::Shared);
            (local!(<Self as #guarded>::SPEC), option(Some(local!(#entry::<Self>(#guard)))))
        }
        None => (spec(model, krate), option(None)),
    };
    let on_end = on_end(model, krate);
    let steps = steps(model, Borrow::Unique, krate);
    let (this, this_mut) = (operations::receiver(model, Borrow::Shared), operations::receiver(model, Borrow::Unique));
    let use_operations = model.steps().any(|(_, step)| step.is_custom()).then(|| operations::use_of_operations(krate));
    let annotated = implement_hidden(
        model,
        local!(#rt::Annotated),
        local! {
            const SPEC: &'static #spec_type = #spec;
            #on_end

            fn steps(#this_mut) -> ::std::vec::Vec<#step<'_>> {
                #use_operations
                #steps
            }

            fn entry(#this) -> ::core::option::Option<&::std::sync::Arc<#entry_type>> {
                #entry
            }
        },
    );
    let shared = model.shared().then(|| {
        let steps = self::steps(model, Borrow::Shared, krate);
        let body = local! {
            fn steps_shared(#this) -> ::std::vec::Vec<#step<'_>> {
                #use_operations
                #steps
            }
        };
        implement_hidden(model, local!(#rt::AnnotatedShared), body)
    });
    let asks = model
        .steps()
        .filter(|(_, step)| step.after.is_empty())
        .filter_map(|(field, step)| operations::request_by_ref(field, step, model.shared(), krate));
    let body = local! {
        fn request_roots(&self) {
            #[allow(unused_imports)]
            use #rt::{NotByRef as _, NotNested as _};
            #(#asks)*
        }
    };
    let request_roots = implement_hidden(model, request_roots, body);
    quote!(#annotated #shared #request_roots)
}

fn steps(model: &Model<'_>, borrow: Borrow, krate: &Krate) -> TokenStream {
    let rt = krate.rt();
    let steps = model.steps().map(|(field, step): (_, &Step)| operations::step(model, field, step, borrow, krate));
    local!(#rt::steps(::std::boxed::Box::new([#(#steps),*])))
}

fn teardown(model: &Model<'_>, krate: &Krate) -> TokenStream {
    let (rt, progress, wait) = (krate.rt(), krate.progress(), krate.wait());
    let body = local! {
        fn request(&mut self, progress: &mut #progress) {
            #rt::nested_request(self, progress);
        }

        fn wait<'__wait>(&'__wait mut self, progress: &'__wait mut #progress) -> #wait<'__wait> {
            #rt::nested_wait(self, progress)
        }

        fn wait_in<'__wait>(&'__wait mut self, progress: &'__wait mut #progress, nest: &#rt::Nest) -> #wait<'__wait> {
            #rt::nested_wait_in(self, progress, nest)
        }

        fn force(&mut self, progress: &mut #progress) {
            #rt::nested_force(self, progress);
        }

        fn watch<'__watch>(&'__watch mut self, progress: &'__watch mut #progress) -> #rt::Watch<'__watch> {
            #rt::nested_watch(self, progress)
        }

        fn detach(&mut self) -> ::core::option::Option<::std::boxed::Box<dyn #krate::Teardown + ::core::marker::Send>> {
            #rt::nested_detach(self)
        }
    };
    let unique = implement(model, krate.teardown(), body);
    let shared = model.shared().then(|| teardown_by_ref(model, krate));
    quote!(#unique #shared)
}

/// A `shared` value is torn down through `&` too, so that an `Arc` of it can be a field of others.
fn teardown_by_ref(model: &Model<'_>, krate: &Krate) -> TokenStream {
    let (rt, progress, wait, teardown) = (krate.rt(), krate.progress(), krate.wait(), krate.teardown());
    let ident = model.ident();
    let (_, ty_generics, where_clause) = model.input.generics.split_for_impl();
    let mut generics = model.input.generics.clone();
    generics.params.insert(0, syn::parse_quote!('__shared));
    let (impl_generics, ..) = generics.split_for_impl();
    let allow = allowances(model.input);
    local! {
        #[automatically_derived]
        #allow
        impl #impl_generics #teardown for &'__shared #ident #ty_generics #where_clause {
            fn request(&mut self, progress: &mut #progress) {
                #rt::nested_shared_request(*self, progress);
            }

            fn wait<'__wait>(&'__wait mut self, progress: &'__wait mut #progress) -> #wait<'__wait> {
                #rt::nested_shared_wait(*self, progress)
            }

            fn wait_in<'__wait>(&'__wait mut self, progress: &'__wait mut #progress, nest: &#rt::Nest) -> #wait<'__wait> {
                #rt::nested_shared_wait_in(*self, progress, nest)
            }

            fn force(&mut self, progress: &mut #progress) {
                #rt::nested_shared_force(*self, progress);
            }

            fn watch<'__watch>(&'__watch mut self, progress: &'__watch mut #progress) -> #rt::Watch<'__watch> {
                #rt::nested_shared_watch(*self, progress)
            }
        }
    }
}

fn drop_and_methods(model: &Model<'_>, krate: &Krate) -> TokenStream {
    let (rt, request_roots) = (krate.rt(), krate.request_roots());
    let drop = implement(model, local!(::core::ops::Drop), local!(fn drop(&mut self) { #rt::dropped(self); }));
    let (shutdown, blocking, with_shutdown) = match model.shared() {
        true => (local!(shutdown_shared), local!(shutdown_shared_blocking), local!(with_shutdown_shared)),
        false => (local!(shutdown), local!(shutdown_blocking), local!(with_shutdown)),
    };
    let bodies = Bodies {
        shutdown: local!(#rt::#shutdown(self, ::core::option::Option::None).await),
        shutdown_within: local!(#rt::#shutdown(self, ::core::option::Option::Some(timeout)).await),
        shutdown_blocking: local!(#rt::#blocking(self)),
        with_shutdown: local!(#rt::#with_shutdown(self, f).await),
        request_shutdown: local! {
            #request_roots::request_roots(self);
            #rt::request_shutdown(self);
        },
    };
    let methods = methods(model.input, &model.args, &bodies, krate);
    quote!(#drop #methods)
}
