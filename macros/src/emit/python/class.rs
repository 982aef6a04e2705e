//! What the derive of a Python class expands to.
//!
//! A class is torn down by clones of its handles; so the expansion implements `Class`, which gives them, and `Drop`.

use proc_macro2::TokenStream;

use crate::attr::values::ClassPolicy;
use crate::emit::implementation::{implement, implement_hidden};
use crate::emit::operations::{self, Borrow};
use crate::emit::placed::placed;
use crate::emit::quotes::{Krate, local};
use crate::model::structure::Model;

/// The impls of the class, beside its spec.
pub(crate) fn class(model: &Model<'_>, krate: &Krate) -> TokenStream {
    let python = krate.python();
    let (pyo3, entry, entry_type, handle) =
        (python.pyo3(), krate.entry(), krate.entry_type(), python.resource_handle_type());
    let (dropped_value, methods) = (python.dropped_value(), python.methods());
    let ident = model.ident();
    let unsendable = model.args.unsendable;
    let quiet = (model.args.on_class_drop == Some(ClassPolicy::Quiet)).then(|| {
        local!(
            const QUIET: bool = true;
        )
    });
    let guard = model.guards().next().map(|(guard, _)| operations::field_ref(model, guard, Borrow::Shared));
    let handles = model.steps().map(|(field, step)| operations::resource_handle(model, field, step, krate));
    let this = operations::receiver(model, Borrow::Shared);
    let use_operations = model.steps().any(|(_, step)| step.is_custom()).then(|| operations::use_of_operations(krate));
    let bases = model.args.extends.then(|| {
        let (base, bases, use_of_bases) = (python.base(), python.bases(), python.use_of_bases());
        local! {
            fn bases(
                object: &#pyo3::Bound<'_, Self>,
            ) -> #pyo3::PyResult<#bases> {
                #[allow(unused_imports)]
                #use_of_bases
                (&#base(object.as_super())).objects()
            }
        }
    });
    let class = implement_hidden(
        model,
        python.class(),
        local! {
            const UNSENDABLE: bool = #unsendable;
            #quiet

            fn entry(#this) -> &::std::sync::Arc<#entry_type> {
                #entry::<Self>(#guard)
            }

            #bases

            #[allow(unused_qualifications)]
            fn handles(#this) -> ::std::vec::Vec<#handle> {
                #use_operations
                ::std::vec::Vec::from([#(#handles),*])
            }
        },
    );
    let drop = implement(
        model,
        local!(::core::ops::Drop),
        local! {
            fn drop(&mut self) {
                #dropped_value::<Self>(self);
            }
        },
    );
    let call = placed(local!(has_methods::<#ident>), ident.span());
    local! {
        #class
        #drop
        const _: () = {
            const fn has_methods<T: #methods>() {}
            #call()
        };
    }
}
